import CardCrypto
import GlobalPlatform
import Memory
import Octets
import Testing

/// Load files as LOAD brings them: GPCS clauses 11.6.2.3, C.2, C.3 and C.6.
@Suite struct LoadFileTests {
    let vectors: SignatureVectors

    init() throws { vectors = try SignatureVectors.load() }

    /// What came out of a stream.
    struct Outcome: Equatable {
        var dapBlocks: [[[UInt8]]] = []
        var announced: Int?
        var isCiphered = false
        var dataBlock: [UInt8] = []
    }

    /// Feeds a stream with blocks, the way LOAD does.
    static func read(
        _ blocks: [[UInt8]],
        hash: [UInt8] = [],
        limit: Int = 100_000,
        key: Key? = nil,
        scratch: Int = 64
    ) throws -> Outcome {
        var outcome = Outcome()
        let memory = SecretOctets(count: scratch)
        let expected = secret(hash)
        var stream = try LoadStream(hash: LoadFileDataBlockHash(expected.view), limit: limit)
        for block in blocks {
            let held = secret(block)
            var cursor = OctetCursor(held.view)
            while let event = try stream.next(&cursor, scratch: memory.buffer) {
                switch event {
                case .dapBlock(let block):
                    outcome.dapBlocks.append([block.securityDomain.array, block.signature.array])
                case .dataBlock(let length, let isCiphered):
                    #expect(outcome.announced == nil)
                    outcome.announced = length
                    outcome.isCiphered = isCiphered
                    if isCiphered, let key { try stream.decipher(with: key) }
                case .octets(let octets):
                    #expect(!octets.isEmpty)
                    outcome.dataBlock += octets.array
                }
            }
            #expect(cursor.isAtEnd)
            #expect(stream.count == outcome.dataBlock.count)
        }
        try stream.finish()
        return outcome
    }

    static func hash(_ octets: [UInt8], _ algorithm: HashAlgorithm = .sha256) throws -> [UInt8] {
        try octets.withView { try Hash.digest(algorithm, $0) }
    }

    static func tlv(_ tag: UInt8, _ value: [UInt8]) -> [UInt8] {
        let count = value.count
        let length: [UInt8] =
            count < 0x80
            ? [UInt8(count)]
            : count < 0x100 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 0xFF)]
        return [tag] + length + value
    }

    static func dapBlock(_ aid: [UInt8], _ signature: [UInt8]) -> [UInt8] {
        tlv(0xE2, tlv(0x4F, aid) + tlv(0xC3, signature))
    }

    /// The parts of `octets` that the bits of `cuts` end.
    private static func partition(_ octets: [UInt8], _ cuts: Int) -> [[UInt8]] {
        var blocks: [[UInt8]] = [[]]
        for (index, octet) in octets.enumerated() {
            blocks[blocks.count - 1].append(octet)
            if cuts & 1 << index != 0 { blocks.append([]) }
        }
        return blocks
    }

    @Test func everyPartition() throws {
        let data: [UInt8] = [0xCA, 0xFE]
        let short = Self.dapBlock([1, 2, 3, 4, 5], [9]) + Self.tlv(0xC4, data)
        let expected = Outcome(dapBlocks: [[[1, 2, 3, 4, 5], [9]]], announced: 2, dataBlock: data)
        let hash = try Self.hash(data)
        for cuts in 0..<(1 << (short.count - 1)) {
            let outcome = try Self.read(Self.partition(short, cuts), hash: hash)
            if outcome != expected { Issue.record("\(cuts): \(outcome)") }
        }
    }

    @Test func everyPartitionOfCiphered() throws {
        for record in vectors.ciphered.prefix(1) + [vectors.ciphered[5]] {
            let file = record.loadFile.octets
            try #require(file.count <= 20)
            try vectors.withKey(record.key) { (key) throws in
                for cuts in 0..<(1 << min(12, file.count - 1)) {
                    let outcome = try Self.read(
                        Self.partition(file, cuts),
                        hash: record.hash.octets,
                        key: key,
                        scratch: 8
                    )
                    if outcome.dataBlock != record.dataBlock.octets { Issue.record("\(cuts): \(outcome)") }
                }
            }
        }
    }

    /// Two cuts anywhere, and blocks of every length.
    @Test func cuts() throws {
        let data = (0..<90).map { UInt8($0) }
        let blocks = [Self.dapBlock([1, 2, 3, 4, 5], [1]), Self.dapBlock([UInt8](repeating: 7, count: 16), [2, 3])]
        let file = blocks[0] + blocks[1] + [0xC4, 0x83, 0, 0, 90] + data
        let hash = try Self.hash(data, .sha512)
        let whole = try Self.read([file], hash: hash)
        #expect(whole.dapBlocks.count == 2)
        #expect(whole.dataBlock == data)
        #expect(whole.announced == 90)
        for first in 0...file.count {
            for second in stride(from: first, through: file.count, by: 3) {
                let parts = [Array(file[..<first]), Array(file[first..<second]), Array(file[second...])]
                #expect(try Self.read(parts, hash: hash) == whole)
            }
        }
        for length in 1...file.count {
            let parts = stride(from: 0, to: file.count, by: length).map {
                Array(file[$0..<min($0 + length, file.count)])
            }
            #expect(try Self.read(parts, hash: hash) == whole)
        }
    }

    @Test func ciphered() throws {
        #expect(vectors.ciphered.count == 40)
        for record in vectors.ciphered {
            try vectors.withKey(record.key) { (key) throws in
                let file = record.loadFile.octets
                for length in [1, 7, 8, 16, 100, file.count] {
                    for scratch in [16, 17, 40, 512] {
                        let parts = stride(from: 0, to: file.count, by: length).map {
                            Array(file[$0..<min($0 + length, file.count)])
                        }
                        let outcome = try Self.read(parts, hash: record.hash.octets, key: key, scratch: scratch)
                        #expect(outcome.isCiphered)
                        #expect(outcome.dataBlock == record.dataBlock.octets)
                        #expect((outcome.announced ?? 0) > outcome.dataBlock.count)
                    }
                }
                let hash = record.hash.octets
                #expect(status { _ = try Self.read([file], hash: hash) } == .conditionsNotSatisfied)
                #expect(status { _ = try Self.read([file], key: key) } == .conditionsNotSatisfied)
                #expect(status { _ = try Self.read([file], hash: hash, key: key, scratch: 7) } == .technicalProblem)
                for index in 0..<file.count where file.count < 64 {
                    var wrong = file
                    wrong[index] ^= 0x01
                    let error = status { _ = try Self.read([wrong], hash: hash, key: key) }
                    #expect(error == .incorrectData, "\(index)")
                }
            }
            for other in ["3DES", "AES-128", "AES-192", "AES-256", "RSA-1024", "P-256"] where other != record.key {
                try vectors.withKey(other) { (key) throws in
                    #expect(
                        status { _ = try Self.read([record.loadFile.octets], hash: record.hash.octets, key: key) }
                            != nil
                    )
                }
            }
        }
    }

    /// A key is taken when it is asked for, and not before or after.
    @Test func keysOutOfPlace() throws {
        try vectors.withKey("AES-128") { (key) throws in
            let hash = secret(try Self.hash([1]))
            var stream = try LoadStream(hash: LoadFileDataBlockHash(hash.view), limit: 100)
            #expect(status { try stream.decipher(with: key) } == .conditionsNotSatisfied)
            let block = secret([0xC4, 0x01, 0x01])
            var cursor = OctetCursor(block.view)
            let scratch = SecretOctets(count: 16)
            while try stream.next(&cursor, scratch: scratch.buffer) != nil {}
            #expect(status { try stream.decipher(with: key) } == .conditionsNotSatisfied)
            try stream.finish()
        }
    }

    @Test func malformed() throws {
        let dap = Self.dapBlock([1, 2, 3, 4, 5], [9])
        let data = Self.tlv(0xC4, [1, 2, 3])
        let malformed: [[UInt8]] = [
            [], dap, Array(data.dropLast()), data + [0], data + data, dap + data + dap, Self.tlv(0xC4, []),
            Self.tlv(0xE2, []) + data, Self.tlv(0xC5, [1]) + data, [0xC4, 0x80, 1], [0xC4, 0x85, 0, 0, 0, 0, 1, 1],
            Self.tlv(0xE2, Self.tlv(0xC3, [9]) + Self.tlv(0x4F, [1, 2, 3, 4, 5])) + data,
            Self.tlv(0xE2, Self.tlv(0x4F, [1, 2, 3, 4, 5])) + data,
            Self.dapBlock([1, 2, 3, 4], [9]) + data,
            Self.dapBlock([UInt8](repeating: 1, count: 17), [9]) + data,
            Self.dapBlock([1, 2, 3, 4, 5], []) + data,
            Self.tlv(0xE2, Self.tlv(0x4F, [1, 2, 3, 4, 5]) + Self.tlv(0xC3, [9]) + Self.tlv(0xC3, [9])) + data,
            Self.dapBlock([UInt8](repeating: 1, count: 16), [UInt8](repeating: 1, count: 600)) + data,
            Self.tlv(0xD3, [UInt8](repeating: 1, count: 8)) + data,
            Self.tlv(0xD3, [UInt8](repeating: 1, count: 8)) + dap + data,
            Self.tlv(0xD3, [UInt8](repeating: 1, count: 8)) + Self.tlv(0xD3, [UInt8](repeating: 1, count: 8)),
            Self.tlv(0xD3, [1, 2, 3]),
        ]
        for file in malformed { #expect(status { _ = try Self.read([file]) } == .incorrectData, "\(hex(file))") }
        let longest = Self.dapBlock([UInt8](repeating: 1, count: 16), [UInt8](repeating: 1, count: 512))
        #expect(try Self.read([longest + data]).dataBlock == [1, 2, 3])
        #expect(try Self.read([data], limit: 3).announced == 3)
        #expect(status { _ = try Self.read([data], limit: 2) } == .notEnoughMemory)
        #expect(status { _ = try Self.read([[0xC4, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]]) } == .notEnoughMemory)
    }

    @Test func hashes() throws {
        let data = [UInt8](repeating: 0x5A, count: 1000)
        for algorithm in HashAlgorithm.allCases {
            let hash = try Self.hash(data, algorithm)
            #expect(try Self.read([Self.tlv(0xC4, data)], hash: hash).dataBlock == data)
            for index in hash.indices {
                var wrong = hash
                wrong[index] ^= 0x80
                #expect(status { _ = try Self.read([Self.tlv(0xC4, data)], hash: wrong) } == .incorrectData)
            }
        }
        for count in 0...80 {
            let field = secret([UInt8](repeating: 1, count: count))
            var algorithm: HashAlgorithm?
            let error = status { algorithm = try LoadFileDataBlockHash(field.view)?.algorithm }
            #expect(error == ([0, 20, 32, 48, 64].contains(count) ? nil : .incorrectData))
            #expect(algorithm?.length == (error == nil && count > 0 ? count : nil))
        }
    }

    /// DAP blocks of every kind of key, each with a hash that is strong enough and with weaker ones.
    @Test func signatures() throws {
        #expect(vectors.dap.count == 33)
        let domain = ObjectReference(page: 7)
        let privileges: Privileges = [.securityDomain, .dapVerification]
        for record in vectors.dap {
            func verdict(_ signature: [UInt8], _ privileges: Privileges, hash: [UInt8]) throws -> StatusWord? {
                let file = secret(Self.dapBlock([1, 2, 3, 4, 5], signature))
                let scratch = SecretOctets(count: 16)
                var cursor = OctetCursor(file.view)
                let field = secret(hash)
                let hash = try LoadFileDataBlockHash(field.view)
                var stream = try LoadStream(hash: hash, limit: 1)
                guard case .dapBlock(let block) = try stream.next(&cursor, scratch: scratch.buffer) else {
                    Issue.record("no DAP block")
                    return nil
                }
                var verification = DAPVerification()
                let error = try vectors.withKey(record.key) { (key) throws in
                    status { try verification.verify(block, by: domain, privileges, with: key, of: hash) }
                }
                let isVerified = status { try verification.require(domain) } == nil
                #expect(isVerified == (error == nil))
                #expect(status { try verification.require(ObjectReference(page: 8)) } == .conditionsNotSatisfied)
                return error
            }
            let (signature, hash) = (record.signature.octets, record.hash.octets)
            let right = try verdict(signature, privileges, hash: hash)
            #expect(right == (record.strongEnough ? nil : .conditionsNotSatisfied), "\(record.key) \(hash.count)")
            guard record.strongEnough else { continue }
            var wrong = signature
            wrong[signature.count - 1] ^= 1
            #expect(try verdict(wrong, privileges, hash: hash) == .securityStatusNotSatisfied)
            var otherHash = hash
            otherHash[0] ^= 1
            #expect(try verdict(signature, privileges, hash: otherHash) == .securityStatusNotSatisfied)
            #expect(try verdict(signature, privileges, hash: []) == .conditionsNotSatisfied)
            #expect(try verdict(signature, .securityDomain, hash: hash) == .conditionsNotSatisfied)
        }
    }

    @Test func whoMustHaveVerified() {
        for isPersonalized in [false, true] {
            for isAssociated in [false, true] {
                func isRequired(_ privileges: Privileges) -> Bool {
                    DAPVerification.isRequired(
                        of: privileges.union(.securityDomain),
                        isPersonalized: isPersonalized,
                        isAssociated: isAssociated
                    )
                }
                #expect(!isRequired([]))
                #expect(isRequired(.dapVerification) == isAssociated)
                #expect(isRequired([.dapVerification, .mandatedDAPVerification]) == (isAssociated || isPersonalized))
            }
        }
    }

    /// Load files with octets changed, left out and put in: what comes out has the hash that was announced, or nothing
    /// does.
    @Test(arguments: [UInt64(0x0123_4567_89AB_CDEF), 3])
    func mutated(_ seed: UInt64) throws {
        print("LoadFileTests.mutated: seed \(seed)")
        var generator = FuzzTests.Generator(state: seed)
        let data = (0..<60).map { UInt8($0) }
        let plain = Self.dapBlock([1, 2, 3, 4, 5], [UInt8](repeating: 6, count: 16)) + Self.tlv(0xC4, data)
        let record = try #require(vectors.ciphered.first { $0.key == "AES-128" && $0.loadFile.octets[0] == 0xD3 })
        try vectors.withKey("AES-128") { (key) throws in
            for _ in 0..<6_000 {
                let isCiphered = generator.next(2) == 0
                var file = isCiphered ? record.loadFile.octets : plain
                let original = isCiphered ? record.dataBlock.octets : data
                let hasHash = isCiphered || generator.next(2) == 0
                let hash = isCiphered ? record.hash.octets : hasHash ? try Self.hash(data) : []
                for _ in 0...generator.next(3) {
                    let place = generator.next(file.count)
                    switch generator.next(4) {
                    case 0: file.remove(at: place)
                    case 1: file.insert(UInt8(generator.next(256)), at: place)
                    default: file[place] = UInt8(generator.next(256))
                    }
                    if file.isEmpty { file = [0] }
                }
                let cut = generator.next(file.count)
                let error = status {
                    let outcome = try Self.read(
                        [Array(file[..<cut]), Array(file[cut...])],
                        hash: hash,
                        limit: 300,
                        key: key,
                        scratch: 16 + generator.next(32)
                    )
                    #expect(!hasHash || outcome.dataBlock == original, "seed \(seed): \(hex(file))")
                    #expect(outcome.dataBlock.count <= 300)
                }
                let allowed: [StatusWord?] = [nil, .incorrectData, .notEnoughMemory, .conditionsNotSatisfied]
                #expect(allowed.contains(error), "seed \(seed): \(hex(file))")
            }
        }
    }
}
