import CardCrypto
import CardOS
import Memory
import Octets

extension SecurityDomain {
    /// STORE DATA: GPCS clause 11.11. The data of an application that is being personalized go to that.
    ///
    /// - Throws: 6A86 for other parameters, or a block out of order; 6A80 for malformed data, for an object that cannot be
    ///   stored, and where the last block is not the end; 6A88 for an unknown object; 6A84 where memory is short. The
    ///   sequence of blocks is over then.
    static func storeData(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        let session = open.channels[call.channel].makeSession()
        let isLast = call.command.p1 & 0x80 != 0
        do throws(StatusWord) {
            guard call.command.p1 & 0x06 == 0, call.command.p1 & 0x60 != 0x40,
                let structure = DataStructure(rawValue: call.command.p1 & 0x18),
                call.command.p2 == session.pointee.store.next
            else { throw .incorrectP1P2 }
            var status = StatusWord.success
            if let target = session.pointee.personalized {
                status = try forward(call, to: target, structure, session, &open, &card)
                // GPCS clause 11.11.3.1: response data need a case 4 command.
                guard call.command.p1 & 0x01 != 0 || card.output.count == 0 else { throw .incorrectP1P2 }
            } else {
                try storeBlock(call, structure, session, &open, &card)
            }
            session.pointee.store.next &+= 1
            if isLast {
                session.pointee.store = StoredData()
                session.pointee.personalized = nil
            }
            return status
        } catch {
            session.pointee.store = StoredData()
            throw error
        }
    }

    /// Hands a block to the application that is being personalized: GPCS clause 7.3.3.
    private static func forward(
        _ call: Call,
        to target: ObjectReference,
        _ structure: DataStructure,
        _ session: UnsafeMutablePointer<ApplicationSession>,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        // It may have been locked since.
        guard let entry = RegistryEntry(target, in: card.memory), entry.lifeCycle.isSelectable,
            let module = NativeModule.of(entry.program)
        else { throw .conditionsNotSatisfied }
        let forwarded = Call(instance: entry, command: call.command, level: call.level)
        // A security domain stores for itself what comes through another one, in the session of that.
        if entry.program == .securityDomain {
            try storeBlock(forwarded, structure, session, &open, &card)
            return .success
        }
        return try module.process(forwarded, &open, &card)
    }

    /// Stores what a block brings to its end.
    private static func storeBlock(
        _ call: Call,
        _ structure: DataStructure,
        _ session: UnsafeMutablePointer<ApplicationSession>,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {
        try session.pointee.store.append(call.command.data, structure)
        let isEncrypted = call.command.p1 & 0x60 == 0x60
        while let object = try session.pointee.store.take() {
            if object.isGrouping {
                try storeGrouping(object.tag, object.value, isEncrypted, call, session, &open, &card)
            } else {
                try storeObject(object.tag, object.value, isEncrypted, call, session, &open, &card)
            }
        }
        guard call.command.p1 & 0x80 == 0 || session.pointee.store.isComplete else { throw .incorrectData }
    }

    /// Stores a data grouping: keys, or BER-TLV objects in 0070.
    private static func storeGrouping(
        _ group: UInt32,
        _ value: [UInt8],
        _ isEncrypted: Bool,
        _ call: Call,
        _ session: UnsafeMutablePointer<ApplicationSession>,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {
        let group = UInt16(truncatingIfNeeded: group)
        if KeyDataGroups.contains(group) {
            let options = try SecurityDomainParameters(of: call.instance, in: card.memory).options
            try session.pointee.secureChannel.withDataEncryptionKey { (encryption) throws(StatusWord) in
                try value.withView { (value) throws(StatusWord) in
                    try session.pointee.store.keys.store(
                        group,
                        value,
                        in: &card.memory,
                        domain: call.instance.reference,
                        encryption,
                        options
                    )
                }
            }
            return try open.personalize(call.instance, &card)
        }
        // Between a key template and its keys nothing else can stand.
        guard !session.pointee.store.keys.isPending else { throw .incorrectData }
        guard group == 0x0070 else { throw .referencedDataNotFound }
        let plain = try isEncrypted ? deciphered(value, session) : value
        let objects = try plain.withView { (view) throws(StatusWord) -> [(tag: UInt32, value: [UInt8])] in
            var objects: [(tag: UInt32, value: [UInt8])] = []
            var cursor = OctetCursor(view)
            while !cursor.isAtEnd {
                guard let object = cursor.berTLV() else { throw .incorrectData }
                objects.append((object.tag, object.value.array))
            }
            return objects
        }
        for object in objects { try storeObject(object.tag, object.value, false, call, session, &open, &card) }
    }

    /// Stores a BER-TLV object.
    private static func storeObject(
        _ tag: UInt32,
        _ value: [UInt8],
        _ isEncrypted: Bool,
        _ call: Call,
        _ session: UnsafeMutablePointer<ApplicationSession>,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {
        let value = try isEncrypted ? deciphered(value, session) : value
        if tag == 0xA6 {
            // AmdF: which key the certificates that follow belong to.
            let reference = value.withView { OctetCursor($0).firstValue(0x83)?.array }
            guard let reference, reference.count == 2 else { throw .incorrectData }
            session.pointee.store.certificateReference = reference
            return
        }
        guard let rule = DataObjects.rule(for: tag) else { throw .referencedDataNotFound }
        let reference = session.pointee.store.certificateReference
        guard (reference != nil) == (tag == DataObjects.certificates) else { throw .incorrectData }
        session.pointee.store.certificateReference = nil
        switch rule {
        case .anyDomain: break
        case .issuerOnly: guard call.instance.isIssuerSecurityDomain else { throw .incorrectData }
        case .readOnly: throw .incorrectData
        }
        if tag == 0x4F { return try open.rename(call.instance, to: value, &card) }
        try (reference ?? []).withView { (reference) throws(StatusWord) in
            try value.withView { (value) throws(StatusWord) in
                try card.memory.storeDataObject(tag, value, ofKey: reference, of: call.instance)
            }
        }
    }

    /// Deciphers a value with the sensitive data key of the session, and takes padding of 80 and 00 off where there is some.
    ///
    /// - Throws: 6A80 where it is no whole blocks.
    private static func deciphered(
        _ value: [UInt8],
        _ session: UnsafeMutablePointer<ApplicationSession>
    ) throws(StatusWord) -> [UInt8] {
        try session.pointee.secureChannel.withDataEncryptionKey { (encryption) throws(StatusWord) in
            guard !value.isEmpty, value.count % encryption.blockLength == 0 else { throw .incorrectData }
            let plain = SecretOctets(count: value.count)
            try value.withView { (value) throws(StatusWord) in
                try computed { () throws(CryptoError) in try encryption.decrypt(value, into: plain.buffer) }
            }
            let length = Padding.strippedLength(plain.view, block: encryption.blockLength)
            return plain.view.part(from: 0, length: length ?? value.count).array
        }
    }
}

extension OPEN {
    /// Gives the issuer security domain another AID.
    ///
    /// - Throws: 6A80 for one of another length than 5 to 16 octets; 6985 where it is in use.
    fileprivate mutating func rename(
        _ domain: RegistryEntry,
        to aid: [UInt8],
        _ card: inout UICC
    ) throws(StatusWord) {
        guard (5...16).contains(aid.count) else { throw .incorrectData }
        let other = aid.withView { registry.entry($0, in: card.memory)?.reference }
        guard other == nil || other == domain.reference else { throw .conditionsNotSatisfied }
        let padded = aid + [UInt8](repeating: 0xFF, count: 16 - aid.count)
        try padded.withView { (padded) throws(StatusWord) in
            try card.memory.write(domain.reference, at: RegistryEntry.Field.aid.rawValue, padded)
        }
        try card.memory.set(.aidLength, of: domain.reference, to: UInt32(aid.count))
        hasChanged = true
    }
}
