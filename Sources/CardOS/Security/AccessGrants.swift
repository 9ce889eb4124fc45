import Memory

/// What the access rules of the files that were last used are known to allow, as long as nothing changes that rules
/// depend on: evaluating them takes longer than the rest of a command.
struct AccessGrants: ~Copyable {
    private struct Grant {
        var file = ObjectReference(page: 0)
        /// Bits of `AccessMode`.
        var modes: UInt8 = 0
        /// Of the security state in which the rules were evaluated.
        var generation: UInt64 = 0
    }

    /// A power of two; a file has one place, by the number of its page.
    private static let capacity = 32

    private let grants: UnsafeMutableBufferPointer<Grant>

    init() {
        grants = .allocate(capacity: Self.capacity)
        grants.initialize(repeating: Grant())
    }

    deinit { grants.deallocate() }

    private func place(of file: ObjectReference) -> Int { Int(file.page & UInt32(Self.capacity - 1)) }

    /// Whether `mode` on `file` is known to be allowed in the security state `generation`.
    func contains(_ mode: AccessMode, on file: ObjectReference, _ generation: UInt64) -> Bool {
        let grant = grants[place(of: file)]
        return grant.modes & mode.rawValue != 0 && grant.file == file && grant.generation == generation
    }

    /// Remembers that `mode` on `file` is allowed in the security state `generation`.
    func insert(_ mode: AccessMode, on file: ObjectReference, _ generation: UInt64) {
        let place = place(of: file)
        let isKnown = grants[place].file == file && grants[place].generation == generation
        let modes = mode.rawValue | (isKnown ? grants[place].modes : 0)
        grants[place] = Grant(file: file, modes: modes, generation: generation)
    }
}
