import Octets

/// The EUICCResponse to a profile package, for those who read output: eUICC Profile Package 8.10 and 8.11.
struct EUICCResponse {
    /// PEStatus: what became of one profile element, or (the last one) of the package.
    struct Status: Encodable {
        let status: UInt32
        let name: String
        /// The number of the profile element.
        let identification: UInt32?
        let additionalInformation: UInt32?
        /// Octets of the profile element in front of the object that failed.
        let offset: UInt32?

        /// One line: `6 invalid-parameter, profile element 9, offset 32`.
        var line: String {
            var text = "\(status) \(name)"
            if let identification { text += ", profile element \(identification)" }
            if let additionalInformation { text += ", additional information \(additionalInformation)" }
            if let offset { text += ", offset \(offset)" }
            return text
        }
    }

    private(set) var statuses: [Status] = []

    init(_ octets: [UInt8]) {
        octets.withView { view in
            guard let list = OctetCursor(view).firstValue(0x30).flatMap({ OctetCursor($0).firstValue(0xA0) }) else {
                return
            }
            var cursor = OctetCursor(list)
            while let element = cursor.berTLV() {
                let members = element.cursor
                let status = members.firstValue(0x80)?.number ?? 0
                statuses.append(
                    Status(
                        status: status,
                        name: Self.name(of: status),
                        identification: members.firstValue(0x81)?.number,
                        additionalInformation: members.firstValue(0x82)?.number,
                        offset: members.firstValue(0x83)?.number
                    )
                )
            }
        }
    }

    private static func name(of status: UInt32) -> String {
        switch status {
        case 0: "ok"
        case 1: "pe-not-supported"
        case 2: "memory-failure"
        case 3: "bad-values"
        case 4: "not-enough-memory"
        case 5: "invalid-request-format"
        case 6: "invalid-parameter"
        case 7: "runtime-not-supported"
        case 8: "lib-not-supported"
        case 9: "template-not-supported"
        case 10: "feature-not-supported"
        case 11: "pin-code-missing"
        case 31: "unsupported-profile-version"
        case 0x6000...0x6FFF, 0x9000...0x9FFF: "SW \(StatusWord(UInt16(truncatingIfNeeded: status)))"
        default: "proprietary"
        }
    }
}
