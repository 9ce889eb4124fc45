import CardOS
import Memory
import Octets

extension SecurityDomain {
    /// SELECT: the file control information (GPCS table 11-84), unless P2 asks for none.
    static func select(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        // GPCS clause 11.11.2.2: STORE DATA under way ends, on whatever channel.
        for number in open.channels.indices where open.channels[number].application == call.instance.reference {
            open.channels[number].endPersonalization()
        }
        guard call.command.p2 & 0x40 == 0, call.command.p2 & 0x0C != 0x0C else { return .success }
        var writer = card.output
        try writer.appendTLV(0x6F) { (writer) throws(StatusWord) in
            writer.appendTLV(0x84, call.instance.aid)
            try writer.appendTLV(0xA5) { (writer) throws(StatusWord) in
                try appendManagementData(of: call.instance, card.memory, to: &writer)
                // The longest data field.
                writer.appendTLV(0x9F65) { $0.append(UInt8(0xFF)) }
            }
        }
        card.output = writer
        return .success
    }

    /// GET DATA: GPCS clause 11.3. In the interindustry class the value comes without tag and length.
    ///
    /// - Throws: 6A88 for an unknown object, or one that there is not.
    static func getData(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        let command = call.command
        let tag = UInt32(command.p1p2)
        if tag == 0x2F00 { return try listApplications(call, &open, &card) }
        guard command.ins == 0xCA else { throw .referencedDataNotFound }
        let start = card.output.count
        try append(tag, call, &open, &card)
        guard command.classOctet.kind == .interindustry, tag != DataObjects.certificates else { return .success }
        let all = card.output.view.part(from: start)
        var cursor = OctetCursor(all)
        guard let object = cursor.berTLV() else { throw .technicalProblem }
        let value = object.value.array
        card.output.truncate(to: start)
        value.withView { card.output.append($0) }
        return .success
    }

    /// Appends a data object with its tag.
    private static func append(
        _ tag: UInt32,
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {
        let domain = call.instance
        var writer = card.output
        switch tag {
        case 0xE0: try card.memory.appendKeyInformation(of: domain.reference, to: &writer)
        case 0xD3: writer.appendTLV(tag) { $0.append(call.level.rawValue) }
        case 0xC1:
            guard let set = card.memory.defaultKeySet(of: domain.reference) else { throw .referencedDataNotFound }
            let width: Int
            switch set.secureChannel {
            case .scp02: width = 2
            case .scp03(let options) where options.hasPseudoRandomChallenge: width = 3
            default: throw .referencedDataNotFound
            }
            writer.appendTLV(tag) { $0.append(number: set.sequenceCounter, minimum: width) }
        case 0xC2:
            guard let counter = open.confirmationCounter(of: domain, card) else { throw .referencedDataNotFound }
            writer.appendTLV(tag) { $0.append(counter) }
        case 0xFF21: appendResources(of: domain, open, card, to: &writer)
        case DataObjects.certificates: try appendCertificates(call, card.memory, to: &writer)
        default:
            let isStored = try card.memory.withDataObjects(of: domain) { (objects) throws(StatusWord) in
                guard DataObjects.rule(for: tag) != nil, let value = objects.firstValue(tag) else { return false }
                writer.appendTLV(tag, value)
                return true
            }
            switch tag {
            case _ where isStored: break
            case 0x66:
                try writer.appendTLV(0x66) { (writer) throws(StatusWord) in
                    try appendManagementData(of: domain, card.memory, to: &writer)
                }
            case 0x67 where domain.isIssuerSecurityDomain:
                try appendCapabilities(of: domain, card.memory, to: &writer)
            default: throw .referencedDataNotFound
            }
        }
        card.output = writer
    }

    /// TS 102 226 clause 8.2.1.7: extended card resources information. The memory is what the security domain can still
    /// take: its quota, those above it and what others have reserved count, as they do for INSTALL and LOAD.
    private static func appendResources(
        of domain: RegistryEntry,
        _ open: borrowing OPEN,
        _ card: borrowing UICC,
        to writer: inout OctetWriter
    ) {
        var applications: UInt32 = 0
        for reference in open.registry.entries
        where RegistryEntry(reference, in: card.memory)?.kind == .application {
            applications += 1
        }
        let free = UInt32(truncatingIfNeeded: card.memory.availableOctets(to: card.memory.owner(of: domain.reference)))
        let volatile = UInt32(truncatingIfNeeded: open.availableVolatileMemory(to: domain.reference, card))
        writer.appendTLV(0xFF21) { (writer) in
            writer.appendTLV(0x81) { $0.append(number: applications, minimum: 1) }
            writer.appendTLV(0x82) { $0.append(number: free, minimum: 2) }
            writer.appendTLV(0x83) { $0.append(number: volatile, minimum: 2) }
        }
    }

    /// AmdF: the certificates of the key that the data field names (A6 with 83).
    private static func appendCertificates(
        _ call: Call,
        _ memory: borrowing Memory,
        to writer: inout OctetWriter
    ) throws(StatusWord) {
        guard let template = OctetCursor(call.command.data).firstValue(0xA6),
            let reference = OctetCursor(template).firstValue(0x83), reference.count == 2
        else { throw .incorrectData }
        let found = try memory.withDataObjects(of: call.instance) { (objects) throws(StatusWord) in
            var cursor = objects
            while let object = cursor.berTLV() {
                guard object.tag == DataObjects.certificates, object.value.starts(with: reference) else { continue }
                writer.appendTLV(object.tag, object.value.part(from: 2))
                return true
            }
            return false
        }
        guard found else { throw .referencedDataNotFound }
    }

    /// The list of applications (2F00): a template 61 with the AID of each that the security domain sees.
    ///
    /// - Throws: 6A80 for another data field than none or an empty tag list.
    private static func listApplications(
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        var data = OctetCursor(call.command.data)
        if !data.isAtEnd {
            guard let list = data.berTLV(), list.tag == 0x5C, list.value.isEmpty, data.isAtEnd else {
                throw .incorrectData
            }
        }
        for reference in open.registry.entries {
            guard let entry = RegistryEntry(reference, in: card.memory), entry.kind == .application,
                open.isVisible(entry, to: call.instance, card)
            else { continue }
            card.output.appendTLV(0x61) { $0.appendTLV(0x4F, entry.aid) }
        }
        return .success
    }
}
