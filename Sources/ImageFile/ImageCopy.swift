import Glibc

// Copies of images, on their way into a file or out of one. `-` is the standard input or output.

extension CardImage {
    /// The octets of the file at `path`, which may be anything that can be read; at most one more than the largest image
    /// has.
    public static func copy(ofFile path: String) throws(ImageFileError) -> [UInt8] {
        let isStandardInput = path == "-"
        let descriptor = isStandardInput ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ImageFileError(path, failed: "open the file") }
        defer { if !isStandardInput { close(descriptor) } }
        let limit = sizes.upperBound + 1
        var octets: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while octets.count < limit {
            let count = read(descriptor, &piece, min(piece.count, limit - octets.count))
            if count == 0 { break }
            if count > 0 {
                octets.append(contentsOf: piece[..<count])
            } else if errno != EINTR {
                throw ImageFileError(path, failed: "read the file")
            }
        }
        return octets
    }

    /// Makes the file `path` with the octets of the image `contents`, as `create(file:contents:overwriting:)` does, and
    /// reads them back; or writes them to the standard output.
    public static func save(
        _ contents: UnsafeRawBufferPointer,
        toFile path: String,
        overwriting: Bool
    ) throws(ImageFileError) {
        guard path != "-" else {
            guard writeAll(contents, to: STDOUT_FILENO) else {
                throw ImageFileError("standard output", failed: "write the image")
            }
            return
        }
        try create(file: path, contents: contents, overwriting: overwriting)
        let written = try BaseImage(file: path)
        guard withExtendedLifetime(written, { written.octets.elementsEqual(contents) }) else {
            throw ImageFileError(path, failed: "read back what was written", EIO)
        }
    }
}
