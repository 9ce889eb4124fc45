import CardOS
import Memory
import Octets

/// The access rule application master (ARA-M): it keeps the rules by which a device decides which of its applications
/// reach which applications of the card, and Android which of them have carrier privileges.
///
/// GlobalPlatform Secure Element Access Control 1.1 (GPD_SPE_013), as far as programs that speak with it tell what stands
/// there: docs/conformance.md.
enum AccessRuleMaster: Application {
    /// Of the commands of the UICC those that do not concern the application: of the toolkit, TERMINAL CAPABILITY, SUSPEND
    /// UICC, STATUS.
    private static let platformCommands: [UInt8] = [0x10, 0x12, 0x14, 0xC2, 0xAA, 0x76, 0xF2]

    /// The application specific parameters have one octet, or none: 01 locks the rules, 00 does not.
    ///
    /// - Throws: 6A80 for other parameters; 6A84 where memory is short.
    static func install(
        _ instance: ObjectReference,
        parameters: OctetView,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {
        let isLocked: Bool
        switch (parameters.count, parameters.octet(at: 0)) {
        case (0, _), (1, 0x00): isLocked = false
        case (1, 0x01): isLocked = true
        default: throw .incorrectData
        }
        try card.memory.createRules(of: instance, isLocked: isLocked)
    }

    /// SELECT has no response data, as with the applet that is common on cards.
    static func select(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        .success
    }

    /// - Throws: 6E00 for a command of another class; 6D00 for an unknown one.
    static func process(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        // STORE DATA of a personalization: the security domain has taken its protection off.
        guard call.level.isEmpty else { return try execute(call, &open, &card) }
        let command = call.command
        guard command.classOctet.kind == .proprietary else { throw .classNotSupported }
        if !command.classOctet.hasSecureMessaging {
            if platformCommands.contains(command.ins) { return try open.executePlatform(command, &card) }
            let isInSession =
                open.channels[call.channel].session.map { $0.pointee.secureChannel.state != .none } ?? false
            // Rules are read without the security domain, whatever its state.
            if !isInSession, command.ins == 0xCA || command.ins == 0xE2 { return try execute(call, &open, &card) }
        }
        guard let domain = call.instance.securityDomain else { throw .conditionsNotSatisfied }
        return try open.secured(call, by: domain, &card, execute)
    }

    /// Executes a command in the clear.
    private static func execute(
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        switch call.command.ins {
        case 0xCA: try getData(call, &open, &card)
        case 0xE2: try storeData(call, &open, &card)
        default: throw .instructionNotSupported
        }
    }

    /// Calls `body` with random octets for a refresh tag.
    ///
    /// - Throws: 6F00 where the card was given no entropy; what `body` throws.
    static func withNewRefreshTag(
        _ card: inout UICC,
        _ body: (OctetView, inout UICC) throws(StatusWord) -> Void
    ) throws(StatusWord) {
        var tag: UInt64 = 0
        try withUnsafeMutableBytes(of: &tag) { (tag) throws(StatusWord) in
            try card.fillRandom(tag)
            try body(OctetView(UnsafeRawBufferPointer(tag)), &card)
        }
    }
}
