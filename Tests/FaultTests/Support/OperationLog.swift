import Memory

/// The program operations of one command, or of one recovery: what stood in the image before and after each.
final class OperationLog {
    struct Operation {
        let offset: Int
        let old: [UInt8]
        fileprivate(set) var new: [UInt8] = []
    }

    private(set) var operations: [Operation] = []
    private let image: Block

    init(of image: Block) { self.image = image }

    /// An operation on `range` is about to happen.
    func note(_ range: Range<Int>) {
        finish()
        operations.append(Operation(offset: range.lowerBound, old: [UInt8](image.octets[range])))
    }

    /// Reads what the last operation has left.
    func finish() {
        guard var last = operations.popLast() else { return }
        last.new = [UInt8](image.octets[last.offset..<last.offset + last.old.count])
        operations.append(last)
    }
}

/// A part of the bits that a program operation was changing: docs/memory-image.md section 1.
enum Tear {
    /// How many ways there are to tear an operation inside.
    static let ways = 64

    /// Leaves a part of `operation`, which has not happened yet, in `image`: a prefix, a suffix or a subset.
    static func apply(_ way: Int, _ operation: OperationLog.Operation, to image: Block, _ random: inout SeededGenerator)
    {
        let count = operation.old.count
        let first = (0..<count).first { operation.old[$0] != operation.new[$0] } ?? 0
        let last = (0..<count).last { operation.old[$0] != operation.new[$0] } ?? 0
        let cut = first + random.below(last - first + 1)
        let part = UInt8(truncatingIfNeeded: 0xFF << random.below(8))
        // A subset that is dense, even or sparse.
        let density = way / 3 % 3
        for index in first...last {
            let mask: UInt8 =
                switch way % 3 {
                case 0: index < cut ? 0xFF : index == cut ? part : 0
                case 1: index > cut ? 0xFF : index == cut ? ~part : 0
                default:
                    switch density {
                    case 0: random.octet()
                    case 1: random.octet() & random.octet() & random.octet()
                    default: random.octet() | random.octet() | random.octet()
                    }
                }
            let (old, new) = (operation.old[index], operation.new[index])
            image.octets[operation.offset + index] = old ^ (old ^ new) & mask
        }
    }

    /// Completes `operation`.
    static func complete(_ operation: OperationLog.Operation, on image: Block) {
        for (index, octet) in operation.new.enumerated() { image.octets[operation.offset + index] = octet }
    }
}
