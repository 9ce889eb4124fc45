import Octets

/// File control parameters and access rules.
enum Templates {
    /// FCP template (62) or FCI (6F): TS 102 221 clause 11.1.1.3, GlobalPlatform Card Specification clause 11.9.3.1.
    static func fileControl(_ octets: [UInt8]) -> [TraceField]? {
        guard let outer = BER.objects(octets).first, outer.tag == 0x62 || outer.tag == 0x6F else { return nil }
        return BER.objects(outer.value).map { object in
            outer.tag == 0x6F && object.tag == 0xA5
                ? TraceField("proprietary", "", GlobalPlatformData.selection.fields(object.value)) : parameter(object)
        }
    }

    /// An FCP template in a few words: `linear fixed, 4 records of 38, SFI 1E`.
    static func summary(_ octets: [UInt8]) -> String? {
        guard let outer = BER.objects(octets).first, outer.tag == 0x62 || outer.tag == 0x6F else { return nil }
        let objects = BER.objects(outer.value)
        func value(_ tag: UInt32) -> [UInt8]? { objects.first { $0.tag == tag }?.value }
        var words: [String] = []
        if let descriptor = value(0x82) {
            let isRoot = value(0x83) == [0x3F, 0x00]
            let isDirectory = descriptor.first.map { $0 & 0xBF == 0x38 } ?? false
            words.append(isRoot ? "MF" : isDirectory && value(0x84) != nil ? "ADF" : descriptorText(descriptor))
            if descriptor.count < 5, let size = value(0x80) { words.append("\(size.number) octets") }
        } else if outer.tag == 0x6F {
            words += ["FCI"] + GlobalPlatformRecognition.words(inSelection: value(0xA5) ?? [])
        }
        if let short = value(0x88)?.first { words.append("SFI \(Hex.string([short >> 3]))") }
        if let state = value(0x8A)?.first, state & 0xFD != 0x05 { words.append(lifeCycle(state)) }
        if let rule = value(0x8B), rule.count == 3 {
            words.append("rule \(Hex.string(rule.prefix(2))):\(rule[2])")
        }
        if let status = value(0xC6) {
            // Of the others a few words have no room.
            let codes = pinStatus(status).split(separator: ", ").filter { $0.hasPrefix("PIN") || $0.hasPrefix("univ") }
            words += codes.map(String.init)
        }
        return words.joined(separator: ", ")
    }

    private static func parameter(_ object: BER.Object) -> TraceField {
        let value = object.value
        switch object.tag {
        case 0x80: return TraceField("file size", "\(value.number)")
        case 0x81: return TraceField("total file size", "\(value.number)")
        case 0x82: return TraceField("file descriptor", descriptorText(value))
        case 0x83: return TraceField("file identifier", Hex.string(value))
        case 0x84: return TraceField("DF name", named(value))
        case 0x88: return TraceField("SFI", value.first.map { Hex.string([$0 >> 3]) } ?? "none")
        case 0x8A: return TraceField("life cycle status", value.first.map(lifeCycle) ?? "")
        case 0x8B: return TraceField("security attributes", reference(value))
        case 0x8C: return TraceField("security attributes", "compact \(Hex.string(value))")
        case 0xAB: return TraceField("security attributes", "expanded", accessRules(value))
        case 0xA5: return TraceField("proprietary", "", BER.objects(value).map(proprietary))
        case 0xC6: return TraceField("PIN status template", pinStatus(value))
        default: return TLV.field(object)
        }
    }

    private static func descriptorText(_ value: [UInt8]) -> String {
        guard let first = value.first else { return "" }
        if first & 0xBF == 0x38 { return first & 0x40 == 0 ? "DF, not shareable" : "DF" }
        let structure =
            switch first & 0x3F {
            case 0x39: "BER-TLV"
            default:
                switch first & 0x07 {
                case 1: "transparent"
                case 2: "linear fixed"
                case 6: "cyclic"
                default: "no structure given"
                }
            }
        let kind = first & 0x38 == 0x08 ? "internal " : ""
        let sharing = first & 0x40 == 0 ? ", not shareable" : ""
        guard value.count >= 5 else { return kind + structure + sharing }
        return "\(kind)\(structure), \(value[4]) records of \(value[2...3].number)\(sharing)"
    }

    private static func lifeCycle(_ state: UInt8) -> String {
        switch state {
        case 0x00: "no state given"
        case 0x01: "creation"
        case 0x03: "initialisation"
        case 0x05, 0x07: "activated"
        case 0x04, 0x06: "deactivated"
        case 0x0C...0x0F: "terminated"
        default: Hex.string([state])
        }
    }

    /// TS 102 221 clause 11.1.1.4.7.2: `2F06 record 11`, or a record for each security environment.
    private static func reference(_ value: [UInt8]) -> String {
        guard value.count >= 3 else { return Hex.string(value) }
        let file = Hex.string(value.prefix(2))
        if value.count == 3 { return "\(file) record \(value[2])" }
        let records = stride(from: 2, to: value.count - 1, by: 2).map { "SE \(value[$0]): record \(value[$0 + 1])" }
        return "\(file) \(records.joined(separator: ", "))"
    }

    /// TS 102 221 clause 11.1.1.4.6.
    private static func proprietary(_ object: BER.Object) -> TraceField {
        let value = object.value
        switch object.tag {
        case 0x80:
            let classes = [(0x10, "A"), (0x20, "B"), (0x40, "C")].filter { value.number & $0.0 != 0 }.map(\.1)
            let clock = value.number & 0x01 == 0 ? "clock stop not allowed" : "clock stop allowed"
            return TraceField("UICC characteristics", "\(clock), class \(classes.joined(separator: " "))")
        case 0x81: return TraceField("application power consumption", Hex.string(value))
        case 0x82: return TraceField("minimum clock frequency", value == [0xFF] ? "any" : "\(value.number) x 0.1 MHz")
        case 0x83: return TraceField("available memory", "\(value.number)")
        case 0x84: return TraceField("file details", Hex.string(value))
        case 0x85: return TraceField("reserved file size", "\(value.number)")
        case 0x86: return TraceField("maximum file size", "\(value.number)")
        case 0x87: return TraceField("supported commands", bitNames(value.first ?? 0, ["TERMINAL CAPABILITY"]))
        case 0x88: return TraceField("environmental conditions", Hex.string(value))
        case 0xC0: return TraceField("special file information", Hex.string(value))
        case 0xC1: return TraceField("filling pattern", Hex.string(value))
        case 0xC2: return TraceField("repeat pattern", Hex.string(value))
        default: return TLV.field(object)
        }
    }

    /// TS 102 221 clause 9.5.2: `PIN1 disabled, ADM1 enabled`.
    private static func pinStatus(_ value: [UInt8]) -> String {
        let objects = BER.objects(value)
        let bits: [UInt8] = objects.first { $0.tag == 0x90 }?.value ?? []
        let references = objects.filter { $0.tag == 0x83 }.compactMap(\.value.first)
        return references.enumerated().map { index, reference in
            let isEnabled = index / 8 < bits.count && bits[index / 8] >> UInt8(7 - index % 8) & 1 == 1
            return "\(KeyReference.name(reference)) \(isEnabled ? "enabled" : "disabled")"
        }
        .joined(separator: ", ")
    }

    static func named(_ aid: [UInt8]) -> String {
        FileNames.selectable(aid).map { "\(Hex.string(aid)) (\($0))" } ?? Hex.string(aid)
    }

    // MARK: access rules

    /// Access mode and security condition data objects, as a record of EF.ARR has them: TS 102 221 clauses 9.3 and 13.4.
    static func accessRules(_ octets: [UInt8]) -> [TraceField] {
        var rules: [TraceField] = []
        for object in BER.objects(octets) {
            switch object.tag {
            case 0x80: rules.append(TraceField(accessMode(object.value.first ?? 0)))
            case 0x81...0x8F: rules.append(TraceField(commandHeader(object)))
            case 0x9C: rules.append(TraceField("state machine \(Hex.string(object.value))"))
            default:
                if rules.isEmpty { rules.append(TraceField("(no access mode)")) }
                let condition = condition(object)
                let before = rules[rules.count - 1].value
                rules[rules.count - 1].value = before.isEmpty ? condition : "\(before) or \(condition)"
            }
        }
        return rules
    }

    /// TS 102 221 tables 9.1 and 9.2; what a bit means for a DF in parentheses.
    private static func accessMode(_ mode: UInt8) -> String {
        bitNames(
            mode,
            [
                "READ (DELETE child)", "UPDATE (CREATE EF)", "WRITE (CREATE DF)", "DEACTIVATE", "ACTIVATE", "TERMINATE",
                "DELETE", "proprietary",
            ]
        )
    }

    private static func commandHeader(_ object: BER.Object) -> String {
        let names = [(0x08, "CLA"), (0x04, "INS"), (0x02, "P1"), (0x01, "P2")].filter { object.tag & $0.0 != 0 }
        if object.tag == 0x84 {
            let commands = object.value.map { ins -> String in
                let header: [UInt8] = [ins == 0x32 || ins == 0xD4 ? 0x80 : 0x00, ins, 0x00, 0x00]
                return TracedCommand(header).flatMap(CommandNames.entry)?.name ?? "INS \(Hex.string([ins]))"
            }
            return commands.joined(separator: ", ")
        }
        return "\(names.map(\.1).joined(separator: " ")) \(Hex.string(object.value))"
    }

    private static func condition(_ object: BER.Object) -> String {
        let inner = BER.objects(object.value)
        switch object.tag {
        case 0x90: return "always"
        case 0x97: return "never"
        case 0x9E: return "security condition \(Hex.string(object.value))"
        case 0xA4:
            let references = inner.filter { $0.tag == 0x83 }.compactMap(\.value.first)
            return references.isEmpty ? "authentication" : references.map(KeyReference.name).joined(separator: " or ")
        case 0xA0: return "(\(inner.map(condition).joined(separator: " or ")))"
        case 0xAF: return "(\(inner.map(condition).joined(separator: " and ")))"
        case 0xA7: return "not \(inner.map(condition).joined(separator: " or "))"
        default: return "\(object.tagText) \(Hex.string(object.value))"
        }
    }
}

/// Data objects that nothing more is known of.
enum TLV {
    /// How deep objects are looked into: a longer nest says nothing to anybody.
    private static let maximumDepth = 12

    static func field(_ object: BER.Object) -> TraceField { field(object, depth: 0) }

    private static func field(_ object: BER.Object, depth: Int) -> TraceField {
        if object.isConstructed, depth < maximumDepth, BER.isSequence(object.value) {
            return TraceField(object.tagText, "", BER.objects(object.value).map { field($0, depth: depth + 1) })
        }
        return TraceField(object.tagText, object.value.isEmpty ? "empty" : Hex.string(object.value))
    }
}
