import Octets

/// Card application toolkit: TS 102 223 clauses 6 to 9, TS 31.111, TS 101 220 clause 7.2.
enum Toolkit {
    /// A proactive command (D0), or an envelope: a name, and what is in it.
    static func template(_ octets: [UInt8]) -> [TraceField]? {
        guard let outer = BER.objects(octets).first, let name = templates[outer.tag] else { return nil }
        let objects = BER.comprehensionObjects(outer.value)
        if outer.tag == 0xD0, let command = objects.first(where: { $0.tag == 0x01 }), command.value.count == 3 {
            return [TraceField(commandName(command.value), "", fields(objects))]
        }
        return [TraceField(name, "", fields(objects))]
    }

    /// TERMINAL RESPONSE.
    static func response(_ octets: [UInt8]) -> [TraceField] {
        let objects = BER.comprehensionObjects(octets)
        guard let command = objects.first(where: { $0.tag == 0x01 }), command.value.count == 3 else {
            return fields(objects)
        }
        return [TraceField("to \(commandName(command.value))", "", fields(objects))]
    }

    /// A template in a few words: the name, and the result where there is one.
    static func summary(_ fields: [TraceField]) -> String {
        guard let first = fields.first else { return "" }
        let said = first.fields.filter {
            [
                "result", "event list", "address", "text", "transport level", "other address", "network access name",
                "channel status",
                "timer value", "location status", "duration",
            ].contains($0.name)
        }
        return ([first.name] + said.map { $0.name == "result" ? $0.value : "\($0.name) \($0.value)" })
            .joined(separator: ", ")
    }

    private static let templates: [UInt32: String] = [
        0xD0: "proactive command", 0xD1: "SMS-PP download", 0xD2: "cell broadcast download", 0xD3: "menu selection",
        0xD4: "call control", 0xD5: "MO-SMS control", 0xD6: "event download", 0xD7: "timer expiration",
        0xD9: "USSD download", 0xDA: "MMS transfer status", 0xDB: "MMS notification download",
        0xDC: "terminal applications", 0xDD: "geographical location reporting", 0xDE: "envelope container",
        0xDF: "ProSe report",
    ]

    private static func commandName(_ details: [UInt8]) -> String {
        let name = types[details[1]] ?? "command type \(Hex.string([details[1]]))"
        let names = qualifiers[details[1]] ?? []
        let qualifier = Int(details[2])
        return qualifier < names.count && !names[qualifier].isEmpty ? "\(name) (\(names[qualifier]))" : name
    }

    private static let types: [UInt8: String] = [
        0x01: "REFRESH", 0x02: "MORE TIME", 0x03: "POLL INTERVAL", 0x04: "POLLING OFF", 0x05: "SET UP EVENT LIST",
        0x10: "SET UP CALL", 0x11: "SEND SS", 0x12: "SEND USSD", 0x13: "SEND SHORT MESSAGE", 0x14: "SEND DTMF",
        0x15: "LAUNCH BROWSER", 0x16: "GEOGRAPHICAL LOCATION REQUEST", 0x20: "PLAY TONE", 0x21: "DISPLAY TEXT",
        0x22: "GET INKEY", 0x23: "GET INPUT", 0x24: "SELECT ITEM", 0x25: "SET UP MENU",
        0x26: "PROVIDE LOCAL INFORMATION", 0x27: "TIMER MANAGEMENT", 0x28: "SET UP IDLE MODE TEXT",
        0x30: "PERFORM CARD APDU", 0x31: "POWER ON CARD", 0x32: "POWER OFF CARD", 0x33: "GET READER STATUS",
        0x34: "RUN AT COMMAND", 0x35: "LANGUAGE NOTIFICATION", 0x40: "OPEN CHANNEL", 0x41: "CLOSE CHANNEL",
        0x42: "RECEIVE DATA", 0x43: "SEND DATA", 0x44: "GET CHANNEL STATUS", 0x45: "SERVICE SEARCH",
        0x46: "GET SERVICE INFORMATION", 0x47: "DECLARE SERVICE", 0x50: "SET FRAMES", 0x51: "GET FRAMES STATUS",
        0x60: "RETRIEVE MULTIMEDIA MESSAGE", 0x61: "SUBMIT MULTIMEDIA MESSAGE", 0x62: "DISPLAY MULTIMEDIA MESSAGE",
        0x70: "ACTIVATE", 0x71: "CONTACTLESS STATE CHANGED", 0x72: "COMMAND CONTAINER",
        0x73: "ENCAPSULATED SESSION CONTROL", 0x81: "end of the proactive session",
    ]

    private static let qualifiers: [UInt8: [String]] = [
        0x01: [
            "NAA initialization and full file change", "file change", "NAA initialization and file change",
            "NAA initialization", "UICC reset", "NAA application reset", "NAA session reset", "steering of roaming",
            "steering of roaming for I-WLAN", "eUICC profile state change", "application update",
        ],
        0x26: [
            "location", "IMEI", "network measurement results", "date and time", "language", "timing advance",
            "access technology", "ESN", "IMEISV", "search mode", "battery", "MEID", "WSID", "broadcast network",
            "access technologies", "locations", "network measurement results of several technologies",
        ],
        0x27: ["start", "deactivate", "get value"],
        0x43: ["store", "immediately"],
    ]

    // MARK: data objects

    private static func fields(_ objects: [BER.Object]) -> [TraceField] {
        objects.map { object in
            let name = names[object.tag] ?? "tag \(object.tagText)"
            let value = value(of: object) ?? (object.value.isEmpty ? "empty" : Hex.string(object.value))
            let isMessage = object.tag == 0x0B
            let isFromNetwork = isMessage && object.value.first.map { $0 & 0x03 == 0 } ?? false
            let inner = isMessage ? ShortMessages.message(object.value, isFromNetwork: isFromNetwork) : []
            return TraceField(name, isMessage ? "" : value, inner)
        }
    }

    /// TS 101 220 table 7.23, the numbers without the comprehension required flag.
    private static let names: [UInt32: String] = [
        0x01: "command details", 0x02: "device identities", 0x03: "result", 0x04: "duration", 0x05: "alpha identifier",
        0x06: "address", 0x07: "capability configuration", 0x08: "subaddress", 0x09: "SS string", 0x0A: "USSD string",
        0x0B: "SMS TPDU", 0x0C: "cell broadcast page", 0x0D: "text", 0x0E: "tone", 0x0F: "item",
        0x10: "item identifier",
        0x11: "response length", 0x12: "file list", 0x13: "location", 0x14: "IMEI", 0x15: "help request",
        0x16: "network measurement results", 0x17: "default text", 0x18: "next actions", 0x19: "event list",
        0x1A: "cause", 0x1B: "location status", 0x1C: "transaction identifier", 0x1D: "BCCH channel list",
        0x1E: "icon identifier", 0x1F: "item icon identifiers", 0x20: "card reader status", 0x21: "card ATR",
        0x22: "C-APDU", 0x23: "R-APDU", 0x24: "timer identifier", 0x25: "timer value", 0x26: "date and time",
        0x27: "call control requested action", 0x28: "AT command", 0x29: "AT response", 0x2B: "immediate response",
        0x2C: "DTMF string", 0x2D: "language", 0x2E: "timing advance", 0x2F: "AID", 0x30: "browser identity",
        0x31: "URL", 0x32: "bearer", 0x33: "provisioning file reference", 0x34: "browser termination cause",
        0x35: "bearer description", 0x36: "channel data", 0x37: "channel data length", 0x38: "channel status",
        0x39: "buffer size", 0x3A: "card reader identifier", 0x3B: "file update information",
        0x3C: "transport level", 0x3E: "other address", 0x3F: "access technology", 0x40: "display parameters",
        0x41: "service record", 0x42: "device filter", 0x43: "service search", 0x44: "attribute information",
        0x45: "service availability", 0x47: "network access name", 0x48: "CDMA-SMS TPDU",
        0x50: "text attribute", 0x52: "PDP context activation parameters", 0x62: "IMEISV",
        0x65: "network search mode", 0x66: "battery state", 0x69: "frame identifier", 0x6D: "MEID",
        0x73: "routing area", 0x74: "update or attach type", 0x75: "rejection cause code",
        0x76: "geographical location parameters", 0x79: "PLMN list", 0x7C: "EPS PDN connection parameters",
        0x7D: "tracking area",
    ]

    private static func value(of object: BER.Object) -> String? {
        let value = object.value
        guard let first = value.first else { return nil }
        switch object.tag {
        case 0x01:
            return "number \(first), type \(Hex.string(value.dropFirst().prefix(1))), qualifier "
                + Hex.string(value.dropFirst(2))
        case 0x02: return value.map(device).joined(separator: " to ")
        case 0x03: return results[first].map { $0 + cause(value) } ?? nil
        case 0x04 where value.count == 2:
            return "\(value[1]) \(["min", "s", "x 0.1 s"][Int(min(first, 2))])"
        case 0x05: return Text.alpha(value)
        case 0x06: return Text.number(value)
        case 0x0D, 0x17: return text(value)
        case 0x0F: return "\(first) \(Text.alpha(Array(value.dropFirst())))"
        case 0x10: return "\(first)"
        case 0x12: return Hex.string(value.dropFirst())
        case 0x13 where value.count >= 5:
            return "\(Text.network(value.prefix(3))) LAC \(Hex.string(value[3..<5])) cell \(Hex.string(value[5...]))"
        // TS 24.008 clause 10.5.1.4: the first digit is in the upper half of the first octet.
        case 0x14, 0x62: return String(Text.digits(value).dropFirst())
        case 0x19: return value.map { events[$0] ?? Hex.string([$0]) }.joined(separator: ", ")
        case 0x1B: return ["normal service", "limited service", "no service"][Int(min(first, 2))]
        case 0x24: return "\(first)"
        case 0x25 where value.count == 3: return value.map { "\($0 & 0x0F)\($0 >> 4)" }.joined(separator: ":")
        case 0x2D: return Text.utf8(value)
        case 0x2F: return Templates.named(value)
        case 0x35: return bearers[first].map { value.count > 1 ? "\($0), \(Hex.string(value.dropFirst()))" : $0 }
        case 0x37: return first == 0xFF ? "255 or more" : "\(first)"
        case 0x38 where value.count == 2:
            let link = value[1] == 0x05 ? "link dropped" : first & 0x80 == 0 ? "no link" : "link up"
            return "channel \(first & 0x07), \(link)"
        case 0x39: return "\(value.number)"
        case 0x3C where value.count == 3:
            return "\(transports[first] ?? Hex.string([first])), port \(value[1...].number)"
        case 0x3E where first == 0x21 && value.count == 5: return value[1...].map { String($0) }.joined(separator: ".")
        case 0x3F: return value.map { technologies[$0] ?? Hex.string([$0]) }.joined(separator: ", ")
        case 0x47: return accessName(value)
        default: return nil
        }
    }

    private static func device(_ octet: UInt8) -> String {
        switch octet {
        case 0x01: "keypad"
        case 0x02: "display"
        case 0x03: "earpiece"
        case 0x10...0x17: "card reader \(octet & 0x07)"
        case 0x21...0x27: "channel \(octet & 0x07)"
        case 0x31...0x3F: "eCAT client \(octet & 0x0F)"
        case 0x81: "UICC"
        case 0x82: "terminal"
        case 0x83: "network"
        default: Hex.string([octet])
        }
    }

    /// Text behind a data coding scheme: TS 102 223 clause 8.15.
    private static func text(_ value: [UInt8]) -> String {
        let text = Array(value.dropFirst())
        switch value[0] & 0x0C {
        case 0x00: return Text.quoted(Text.packed(text, count: text.count * 8 / 7))
        case 0x08: return Text.quoted(Text.ucs2(text))
        default: return Text.quoted(Text.gsm(text))
        }
    }

    /// TS 23.003 clause 9: labels, each with its length in front.
    private static func accessName(_ value: [UInt8]) -> String {
        var reader = OctetReader(value)
        var labels: [String] = []
        while let label = reader.counted() { labels.append(String(Text.utf8(label).dropFirst().dropLast())) }
        return labels.joined(separator: ".")
    }

    private static func cause(_ value: [UInt8]) -> String {
        guard value.count > 1 else { return "" }
        let names = value[0] == 0x3A ? channelCauses : value[0] == 0x20 ? terminalCauses : [:]
        return ": " + (names[value[1]] ?? Hex.string(value.dropFirst()))
    }

    private static let results: [UInt8: String] = [
        0x00: "performed", 0x01: "performed with partial comprehension", 0x02: "performed with missing information",
        0x03: "REFRESH performed with additional EFs read", 0x04: "performed, icon not displayed",
        0x05: "performed, modified by call control", 0x06: "performed, limited service",
        0x07: "performed with modifications", 0x08: "REFRESH performed, NAA was not active",
        0x09: "performed, tone not played", 0x10: "terminated by the user", 0x11: "backward move by the user",
        0x12: "no response from the user", 0x13: "help required by the user",
        0x14: "transaction terminated by the user",
        0x20: "terminal currently unable", 0x21: "network currently unable", 0x22: "not accepted by the user",
        0x23: "cleared down before connection", 0x24: "contradiction with the timer state",
        0x25: "call control, temporary problem", 0x26: "launch browser error", 0x27: "MMS temporary problem",
        0x30: "beyond the terminal's capabilities", 0x31: "type not understood", 0x32: "data not understood",
        0x33: "number not known", 0x34: "SS return error", 0x35: "SMS RP-ERROR", 0x36: "required values missing",
        0x37: "USSD return error", 0x38: "multiple card error", 0x39: "call control, permanent problem",
        0x3A: "BIP error", 0x3B: "access technology unable", 0x3C: "frames error", 0x3D: "MMS error",
    ]

    private static let terminalCauses: [UInt8: String] = [
        0x00: "no cause given", 0x01: "screen busy", 0x02: "busy on call", 0x03: "busy on SS transaction",
        0x04: "no service", 0x05: "access control class bar", 0x06: "radio resource not granted",
        0x07: "not in speech call", 0x08: "busy on USSD transaction", 0x09: "busy on SEND DTMF", 0x0A: "no NAA active",
    ]

    private static let channelCauses: [UInt8: String] = [
        0x00: "no cause given", 0x01: "no channel available", 0x02: "channel closed",
        0x03: "channel identifier not valid",
        0x04: "buffer size not available", 0x05: "security error", 0x06: "transport level not available",
        0x07: "remote device not reachable", 0x08: "service error", 0x09: "service identifier unknown",
        0x10: "port not available",
    ]

    private static let events: [UInt8: String] = [
        0x00: "MT call", 0x01: "call connected", 0x02: "call disconnected", 0x03: "location status",
        0x04: "user activity", 0x05: "idle screen available", 0x06: "card reader status", 0x07: "language selection",
        0x08: "browser termination", 0x09: "data available", 0x0A: "channel status", 0x0B: "access technology change",
        0x0C: "display parameters changed", 0x0D: "local connection", 0x0E: "network search mode change",
        0x0F: "browsing status", 0x10: "frames information change", 0x11: "I-WLAN access status",
        0x12: "network rejection", 0x13: "HCI connectivity", 0x14: "access technology change (multiple)",
        0x15: "CSG cell selection", 0x16: "contactless state request", 0x17: "IMS registration",
        0x18: "incoming IMS data", 0x19: "profile container", 0x1B: "secured profile container",
        0x1C: "poll interval negotiation",
    ]

    private static let bearers: [UInt8: String] = [
        0x01: "CSD", 0x02: "GPRS", 0x03: "default bearer", 0x04: "local link", 0x05: "Bluetooth", 0x06: "IrDA",
        0x07: "RS232", 0x08: "cdma2000 packet data", 0x09: "UTRAN with extended parameters", 0x0A: "I-WLAN",
        0x0B: "E-UTRAN", 0x0C: "NG-RAN", 0x10: "USB",
    ]

    private static let transports: [UInt8: String] = [
        0x01: "UDP client remote", 0x02: "TCP client remote", 0x03: "TCP server", 0x04: "UDP client local",
        0x05: "TCP client local", 0x06: "direct channel",
    ]

    private static let technologies: [UInt8: String] = [
        0x00: "GSM", 0x01: "TIA/EIA-553", 0x02: "TIA/EIA-136", 0x03: "UTRAN", 0x04: "TETRA", 0x05: "TIA/EIA-95-B",
        0x06: "cdma2000 1x", 0x07: "cdma2000 HRPD", 0x08: "E-UTRAN", 0x09: "eHRPD", 0x0A: "NG-RAN",
    ]
}
