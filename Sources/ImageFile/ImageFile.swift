// ImageFile
