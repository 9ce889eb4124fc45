import Glibc

extension CardImage {
    /// Puts `contents`, as many octets as the image has, in the place of all that it holds. The memory stays where it is;
    /// no card may be executing a command on it.
    ///
    /// The file changes as a whole or not at all, however the process or the system ends: the octets go to a temporary
    /// file, which is mapped in the place of the image and then gets its name.
    ///
    /// - Throws: when the octets have another number, or the system refuses; the image is then as before.
    public func replace(with contents: UnsafeRawBufferPointer) throws(ImageFileError) {
        guard contents.count == octets.count else { throw ImageFileError(path, .size(contents.count)) }
        guard isKept, let file else { return copyChanges(from: contents) }

        // The file itself where the name is that of a link; and only as long as it has the name.
        guard let resolved = realpath(path, nil) else { throw ImageFileError(path, failed: "find the file") }
        defer { free(resolved) }
        let name = String(cString: resolved)
        var current = stat()
        var named = stat()
        guard fstat(file.descriptor, &current) == 0, stat(name, &named) == 0 else {
            throw ImageFileError(path, failed: "examine the file")
        }
        guard current.st_ino == named.st_ino, current.st_dev == named.st_dev else {
            throw ImageFileError(path, failed: "replace the file, whose name another one has", EEXIST)
        }

        let temporary = try TemporaryFile(beside: name, contents)
        let replacement = try LockedFile(temporary.path, .exclusive)
        fchmod(replacement.descriptor, current.st_mode & 0o7777)
        _ = fchown(replacement.descriptor, current.st_uid, current.st_gid)
        try map(replacement)
        guard rename(temporary.path, name) == 0 else {
            let error = ImageFileError(path, failed: "name the file")
            try map(file)
            throw error
        }
        self.file = replacement
        CardImage.synchronize(directory: temporary.directory)
    }

    /// Maps `file` in the place of the image.
    private func map(_ file: LockedFile) throws(ImageFileError) {
        let flags = MAP_SHARED | MAP_FIXED
        let start = mmap(octets.baseAddress, octets.count, PROT_READ | PROT_WRITE, flags, file.descriptor, 0)
        guard start != MAP_FAILED else { throw ImageFileError(path, failed: "map the image") }
    }

    /// Writes what is another: pages that cards share stay shared.
    private func copyChanges(from contents: UnsafeRawBufferPointer) {
        for start in stride(from: 0, to: octets.count, by: 4_096) {
            let end = min(start + 4_096, octets.count)
            let place = UnsafeMutableRawBufferPointer(rebasing: octets[start..<end])
            let source = UnsafeRawBufferPointer(rebasing: contents[start..<end])
            guard let old = place.baseAddress, let new = source.baseAddress, memcmp(old, new, end - start) != 0 else {
                continue
            }
            place.copyMemory(from: source)
        }
    }
}
