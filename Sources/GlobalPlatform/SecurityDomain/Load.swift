import CardCrypto
import CardOS
import Memory
import Octets

// INSTALL [for load] and LOAD: GPCS clauses 9.3.5, 11.5.2.3.1 and 11.6. What comes is kept in volatile memory up to the
// last block, and put into the image with that: a load that breaks off leaves nothing.

/// A load file on its way.
struct LoadSession: ~Copyable {
    /// The AID that INSTALL [for load] gave it.
    let aid: [UInt8]
    /// The security domain that it is to be associated with.
    let securityDomain: ObjectReference
    /// INSTALL of the combined process, up to the token, which comes with its end; nil otherwise.
    let combined: (p1: UInt8, p2: UInt8, signed: [UInt8])?
    fileprivate let hash: LoadFileDataBlockHash?
    fileprivate let reference: [UInt8]
    fileprivate var stream: LoadStream
    fileprivate var signatures = DAPVerification()
    fileprivate var block: [UInt8] = []
    fileprivate var number: UInt8 = 0
}

extension SecurityDomain {
    /// Key versions that UICC Configuration gives a meaning: signatures of load files (the second one by TS 102 226), and
    /// ciphered load file data blocks.
    private static let signatureVersions: [UInt8] = [0x73, 0x11]
    private static let cipherVersion: UInt8 = 0x75

    /// INSTALL [for load].
    ///
    /// - Throws: 6985 where the AID is in use, where the security domain is not PERSONALIZED, or where a hash is missing;
    ///   6A88 for an unknown security domain; 6A84 where memory is short; and as `OPEN.authorize`.
    static func prepareLoad(
        _ install: InstallCommand,
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        let isCombined = install.process.contains(.forInstall)
        let session = open.channels[call.channel].makeSession()
        session.pointee.load = nil
        open.channels[call.channel].loaded = nil
        // The token of the combined process comes with its end.
        if !isCombined || !install.token.isEmpty || !call.instance.privileges.contains(.delegatedManagement) {
            try open.authorize(.load, call, token: Token(install, call), install.parameters, &card)
        }
        guard !install.first.isEmpty else { throw .incorrectData }
        guard open.registry.entry(install.first, in: card.memory) == nil else { throw .conditionsNotSatisfied }
        var domain = call.instance
        if !install.second.isEmpty {
            guard let named = open.registry.securityDomain(install.second, in: card.memory),
                open.isVisible(named, to: call.instance, card)
            else { throw .referencedDataNotFound }
            domain = named
        }
        guard domain.isIssuerSecurityDomain || domain.lifeCycle == .personalized else { throw .conditionsNotSatisfied }
        let hash = try LoadFileDataBlockHash(install.third)
        let isDelegated = !open.isFactory && !call.instance.privileges.contains(.authorizedManagement)
        guard hash != nil || !isDelegated && open.requiredSigners(for: domain, card).isEmpty else {
            throw .unsuitableHash
        }
        if isDelegated, let hash { try open.requireStrength(of: hash, card) }
        try open.requireMemory(forLoad: install, in: domain, card)
        let free = card.memory.availableOctets(to: card.memory.owner(of: domain.reference))
        let combined = (p1: call.command.p1, p2: call.command.p2, signed: install.signed.array)
        session.pointee.load = LoadSession(
            aid: install.first.array,
            securityDomain: domain.reference,
            combined: isCombined ? combined : nil,
            hash: hash,
            reference: TokenReference(install.parameters).identifier?.array ?? [],
            stream: try LoadStream(hash: hash, limit: free)
        )
        card.output.append(UInt8(0))
        return .success
    }

    /// LOAD.
    ///
    /// - Throws: 6985 without INSTALL [for load], and where a signature is missing; 6A86 for a block out of order; 6A80 for
    ///   what is no load file, or another one than announced; 6982 for a wrong signature; 6A84 where memory is short. The
    ///   load breaks off then.
    static func load(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        let session = open.channels[call.channel].makeSession()
        guard session.pointee.load != nil else { throw .conditionsNotSatisfied }
        do throws(StatusWord) {
            guard call.command.p1 & 0x7F == 0, call.command.p2 == session.pointee.load?.number else {
                throw .incorrectP1P2
            }
            try take(call.command.data, session, &open, &card)
            guard call.command.p1 & 0x80 != 0 else {
                session.pointee.load?.number &+= 1
                card.output.append(UInt8(0))
                return .success
            }
            let status = try finishLoad(call, session, &open, &card)
            session.pointee.load = nil
            return status
        } catch {
            session.pointee.load = nil
            throw error
        }
    }

    /// Takes the data field of a block.
    private static func take(
        _ data: OctetView,
        _ session: UnsafeMutablePointer<ApplicationSession>,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {
        var cursor = OctetCursor(data)
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 16)
        defer { scratch.deallocate() }
        while let event = try session.pointee.load?.stream.next(&cursor, scratch: scratch) {
            switch event {
            case .dapBlock(let signature): try verify(signature, session, &open, &card)
            case .dataBlock(let length, let isCiphered):
                session.pointee.load?.block.reserveCapacity(length)
                guard let domain = session.pointee.load?.securityDomain else { break }
                // GPCS clause 9.3.5: with the privilege load files come ciphered, without it they do not; those of a
                // profile package never do.
                let deciphers = RegistryEntry(domain, in: card.memory)?.privileges.contains(.cipheredLoadFileDataBlock)
                guard isCiphered == (deciphers ?? false && !open.isFactory) else { throw .unsuitableKey }
                guard isCiphered else { break }
                let reference = KeyReference(version: cipherVersion, identifier: 1)
                try card.memory.withLentKey(reference, of: domain) { (key) throws(StatusWord) in
                    try session.pointee.load?.stream.decipher(with: key)
                }
            case .octets(let octets):
                octets.withUnsafeBytes { session.pointee.load?.block.append(contentsOf: $0) }
            }
        }
    }

    /// Verifies a DAP block with the key of the security domain that it names.
    private static func verify(
        _ signature: DAPBlock,
        _ session: UnsafeMutablePointer<ApplicationSession>,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {
        guard let domain = open.registry.entry(signature.securityDomain, in: card.memory), domain.isSecurityDomain,
            domain.isIssuerSecurityDomain || domain.lifeCycle == .personalized
        else { throw .missingSignature }
        let set = signatureVersions.first { card.memory.keySet($0, of: domain.reference) != nil }
        guard let set else { throw .unsuitableKey }
        let hash = session.pointee.load?.hash
        try card.memory.withLentKey(KeyReference(version: set, identifier: 1), of: domain.reference) {
            (key) throws(StatusWord) in
            try session.pointee.load?.signatures.verify(
                signature,
                by: domain.reference,
                domain.privileges,
                with: key,
                of: hash
            )
        }
    }

    /// Puts the load file and its modules into the image.
    private static func finishLoad(
        _ call: Call,
        _ session: UnsafeMutablePointer<ApplicationSession>,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        try session.pointee.load?.stream.finish()
        guard let target = session.pointee.load?.securityDomain, let aid = session.pointee.load?.aid,
            let block = session.pointee.load?.block, let token = session.pointee.load?.reference,
            let domain = RegistryEntry(target, in: card.memory)
        else { throw .conditionsNotSatisfied }
        for signer in open.requiredSigners(for: domain, card) { try session.pointee.load?.signatures.require(signer) }
        let file = try block.withView { (block) throws(StatusWord) in
            try open.storeLoadFile(block, aid: aid, in: domain, &card)
        }
        let isCombined = session.pointee.load?.combined != nil
        open.channels[call.channel].loaded = file
        open.channels[call.channel].combined = session.pointee.load?.combined
        // The combined process is confirmed at its end.
        guard !isCombined else {
            card.output.append(UInt8(0))
            return .success
        }
        return try aid.withView { (aid) throws(StatusWord) in
            try token.withView { (token) throws(StatusWord) in
                try open.confirm(.load(loadFile: aid, securityDomain: domain.aid), call, token: token, &card)
            }
        }
    }
}

extension OPEN {
    /// The security domains without whose signature nothing is loaded into `domain`.
    ///
    /// None verifies what comes with a profile package: eUICC Profile Package 8.6.
    fileprivate func requiredSigners(for domain: RegistryEntry, _ card: borrowing UICC) -> [ObjectReference] {
        if isFactory { return [] }
        return registry.entries.filter { reference in
            guard let entry = RegistryEntry(reference, in: card.memory), entry.isSecurityDomain else { return false }
            return DAPVerification.isRequired(
                of: entry.privileges,
                isPersonalized: entry.isIssuerSecurityDomain || entry.lifeCycle == .personalized,
                isAssociated: reference == domain.reference
            )
        }
    }

    /// Makes the entry of a load file, those of its modules, and the object that holds it.
    ///
    /// - Throws: 6A80 where it is another package than was announced; 6985 where a module is there already; 6A84 where
    ///   memory is short.
    fileprivate mutating func storeLoadFile(
        _ block: OctetView,
        aid: [UInt8],
        in domain: RegistryEntry,
        _ card: inout UICC
    ) throws(StatusWord) -> ObjectReference {
        let contents = try LoadFileContents(block)
        let isAnnounced = aid.withView { contents.package?.aid.equals($0) ?? true }
        guard isAnnounced else { throw .wrongLoadFileDataBlock }
        let owner = card.memory.owner(of: domain.reference)
        let object = try card.memory.allocate(.loadFile, owner: owner, length: 4 + block.count)
        let version = contents.package.map { UInt16($0.version.major) << 8 | UInt16($0.version.minor) } ?? 0
        let file = try aid.withView { (aid) throws(StatusWord) in
            try card.memory.createEntry(
                RegistryEntryContent(
                    kind: .executableLoadFile,
                    lifeCycle: .loaded,
                    securityDomain: domain.reference,
                    content: object,
                    version: version,
                    owner: owner
                ),
                aid: aid,
                attributes: .empty
            )
        }
        var number: InlineArray<4, UInt8> = InlineArray(repeating: 0)
        try withUnsafeMutableBytes(of: &number) { (buffer) throws(StatusWord) in
            var writer = OctetWriter(buffer)
            writer.append(number: file.page, minimum: 4)
            try card.memory.write(object, at: 0, writer.view)
        }
        try card.memory.write(object, at: 4, block)
        for module in contents.modules {
            guard registry.entry(module, isModule: true, in: card.memory) == nil else { throw .conditionsNotSatisfied }
            _ = try card.memory.createEntry(
                RegistryEntryContent(
                    kind: .executableModule,
                    lifeCycle: .loaded,
                    securityDomain: domain.reference,
                    loadFile: file,
                    owner: owner
                ),
                aid: module,
                attributes: .empty
            )
        }
        hasChanged = true
        return file
    }
}

extension Memory {
    /// Calls `body` with a key of a security domain.
    ///
    /// - Throws: 6A88 where there is none; what `body` throws.
    func withLentKey<Result: ~Copyable>(
        _ reference: KeyReference,
        of domain: ObjectReference,
        _ body: (Key) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        try withKey(reference, of: domain) { (stored) throws(StatusWord) -> Result in
            guard let key = stored.key else { throw .referencedDataNotFound }
            return try body(key)
        }
    }
}
