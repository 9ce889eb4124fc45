// ProfilePackage
