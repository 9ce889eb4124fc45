import CardOS
import Memory
import Octets

// Delegated Management: tokens that allow an operation, receipts that confirm it. GPCS clauses 9.1.3 and C.4, C.5.

extension Token {
    /// The token of INSTALL.
    init(_ install: InstallCommand, _ call: Call) {
        let command = Command(p1: call.command.p1, p2: call.command.p2, signed: install.signed)
        self.init(install.token, of: command)
    }

    /// No token.
    static var none: Token { Token(.empty, of: Command(p1: 0, p2: 0, signed: .empty)) }
}

extension OPEN {
    private static let tokenKey = KeyReference(version: 0x70, identifier: 1)
    private static let receiptKey = KeyReference(version: 0x71, identifier: 1)

    /// Checks that the security domain which received a command may do what it asks.
    ///
    /// - Parameter parameters: the BER-TLV objects of the command, among which the template of its token may be (B6).
    /// - Throws: 6985 where it is not PERSONALIZED, has neither Authorized nor Delegated Management, or is restricted, or
    ///   where a token comes that is not needed; 6982 where one is missing or wrong.
    func authorize(
        _ operation: ContentOperation,
        _ call: Call,
        token: Token,
        _ parameters: OctetView,
        _ card: inout UICC
    ) throws(StatusWord) {
        if isFactory { return }
        try requireUnrestricted(operation, call, card)
        let domain = call.instance
        guard domain.isIssuerSecurityDomain || domain.lifeCycle == .personalized else { throw .conditionsNotSatisfied }
        if domain.privileges.contains(.authorizedManagement) {
            guard token.octets.isEmpty else { throw .conditionsNotSatisfied }
            return
        }
        guard domain.privileges.contains(.delegatedManagement) else { throw .conditionsNotSatisfied }
        guard !token.octets.isEmpty, let verifier = securityDomain(with: .tokenVerification, card),
            card.memory.keySet(Self.tokenKey.version, of: verifier.reference) != nil
        else { throw .wrongSignature }
        let numbers = try identification(of: verifier, card)
        let isMeant = numbers.provider.withView { provider in
            numbers.image.withView { TokenReference(parameters).isMeant(forProvider: provider, image: $0) }
        }
        guard isMeant else { throw .wrongSignature }
        try card.memory.withLentKey(Self.tokenKey, of: verifier.reference) { (key) throws(StatusWord) in
            try token.verify(with: key)
        }
    }

    /// Checks that the hash of a load file data block is as strong as the tokens that sign it: GPCS clause 9.2.2.
    ///
    /// - Throws: 6985 where it is weaker; 6982 where nobody verifies tokens.
    func requireStrength(of hash: LoadFileDataBlockHash, _ card: borrowing UICC) throws(StatusWord) {
        guard let verifier = securityDomain(with: .tokenVerification, card) else { throw .wrongSignature }
        try card.memory.withLentKey(Self.tokenKey, of: verifier.reference) { (key) throws(StatusWord) in
            try hash.requireStrength(of: key)
        }
    }

    /// Writes the response of a command of card content management: a receipt where the operation was delegated and a
    /// security domain makes receipts, otherwise none.
    ///
    /// - Throws: 6985 where no receipt can be made any more.
    func confirm(
        _ operation: ConfirmedOperation,
        _ call: Call,
        token identifier: OctetView,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        guard call.instance.privileges.contains(.delegatedManagement),
            let maker = securityDomain(with: .receiptGeneration, card),
            let set = card.memory.keySet(Self.receiptKey.version, of: maker.reference)
        else {
            card.output.append(UInt8(0))
            return .success
        }
        let numbers = try identification(of: maker, card)
        var response = card.output
        let counter = UInt16(truncatingIfNeeded: set.sequenceCounter)
        let next = try numbers.provider.withView { (provider) throws(StatusWord) in
            try numbers.image.withView { (image) throws(StatusWord) in
                let confirmation = try ConfirmationData(
                    counter: counter,
                    provider: provider,
                    image: image,
                    tokenIdentifier: identifier
                )
                try card.memory.withLentKey(Self.receiptKey, of: maker.reference) { (key) throws(StatusWord) in
                    try Receipt(of: operation, confirmation).append(to: &response, signedWith: key)
                }
                return confirmation.nextCounter
            }
        }
        card.output = response
        try card.memory.set(.counter, ofKeySet: set.reference, to: UInt32(next))
        return .success
    }

    /// How many receipts a security domain has made (C2); nil where it makes none.
    func confirmationCounter(of domain: RegistryEntry, _ card: borrowing UICC) -> UInt16? {
        guard domain.privileges.contains(.receiptGeneration),
            let set = card.memory.keySet(Self.receiptKey.version, of: domain.reference)
        else { return nil }
        return UInt16(truncatingIfNeeded: set.sequenceCounter)
    }

    /// The security domain with a privilege, the issuer's first.
    private func securityDomain(with privilege: Privileges, _ card: borrowing UICC) -> RegistryEntry? {
        if let issuer = registry.issuer.flatMap({ RegistryEntry($0, in: card.memory) }),
            issuer.privileges.contains(privilege)
        {
            return issuer
        }
        for reference in registry.entries {
            if let entry = RegistryEntry(reference, in: card.memory), entry.isSecurityDomain,
                entry.privileges.contains(privilege), entry.lifeCycle == .personalized
            {
                return entry
            }
        }
        return nil
    }

    /// The provider identification number (42) and the image number (45) of a security domain; empty where it has none.
    private func identification(
        of domain: RegistryEntry,
        _ card: borrowing UICC
    ) throws(StatusWord) -> (provider: [UInt8], image: [UInt8]) {
        guard let data = domain.data else { return ([], []) }
        let count = card.memory.length(of: data)
        return try card.memory.withContent(data, at: 0, count: count) { (objects) throws(StatusWord) in
            let cursor = OctetCursor(objects)
            return (cursor.firstValue(0x42)?.array ?? [], cursor.firstValue(0x45)?.array ?? [])
        }
    }
}
