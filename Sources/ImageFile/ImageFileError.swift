import Glibc

/// Why an image file could not be opened or made. Its description is one line that names the file and the reason.
public struct ImageFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is in the way.
    public enum Reason: Equatable, Sendable {
        /// There is no such file.
        case missing
        /// The path leads to something that is not a regular file.
        case notAFile
        /// A card runs on the image, or somebody reads it, in this process or in another one.
        case inUse
        /// The file to be made exists, and it was not asked that it be overwritten.
        case exists
        /// The file has a size, in octets, that no image has.
        case size(Int)
        /// The system refused: what was done, and the error number.
        case system(String, Int32)
    }

    /// The file as it was named, or `memory` for an image that is not in a file.
    public let path: String
    /// What is in the way.
    public let reason: Reason

    init(_ path: String, _ reason: Reason) {
        self.path = path
        self.reason = reason
    }

    /// The failure of a call of the system, with the error number that it left.
    init(_ path: String, failed action: String, _ number: Int32 = errno) {
        self.init(path, number == ENOENT ? .missing : .system(action, number))
    }

    /// One line: the file and the reason.
    public var description: String {
        switch reason {
        case .missing: "\(path): no such file"
        case .notAFile: "\(path): not a regular file"
        case .inUse: "\(path): the image is in use by another card or by an inspection"
        case .exists: "\(path): the file exists already"
        case .size(let size):
            "\(path): \(size) octets are no image: it has \(CardImage.sizes.lowerBound) to "
                + "\(CardImage.sizes.upperBound) octets, a multiple of \(CardImage.sizeStep)"
        case .system(let action, let number): "\(path): cannot \(action): \(String(cString: strerror(number)))"
        }
    }
}
