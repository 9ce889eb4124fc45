import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// Random changes against a model, and commands with octets changed.
@Suite struct AccessRulesFuzzTests {
    /// The rules as a client may think of them: a list, the newest first.
    struct Model {
        var rules: [TestRule] = []

        private func index(of rule: TestRule) -> Int? { rules.firstIndex { $0.reference == rule.reference } }

        private static func filters(_ value: String) -> [String] {
            stride(from: 0, to: value.count, by: 16).map { start in
                String(value.dropFirst(start).prefix(16))
            }
        }

        mutating func store(_ rule: TestRule) -> String {
            guard let index = index(of: rule) else {
                rules.insert(rule, at: 0)
                return "9000"
            }
            var merged = rules[index]
            if let old = merged.commands, let new = rule.commands, old != new {
                guard old.count > 2, new.count > 2 else { return "6A89" }
                let known = Self.filters(old)
                merged.commands = (known + Self.filters(new).filter { !known.contains($0) }).joined()
            }
            if let old = merged.events, let new = rule.events, old != new { return "6A89" }
            if let old = merged.privileges, let new = rule.privileges {
                merged.privileges = hex(zip(octets(old), octets(new)).map { $0 | $1 })
            }
            merged.commands = merged.commands ?? rule.commands
            merged.events = merged.events ?? rule.events
            merged.privileges = merged.privileges ?? rule.privileges
            guard octets(merged.text).count <= 1_024 else { return "6A84" }
            rules[index] = merged
            return "6381"
        }

        mutating func delete(application: String) -> String {
            let before = rules.count
            rules.removeAll { $0.application == application }
            return before == rules.count ? "6A88" : "9000"
        }

        mutating func delete(reference: TestRule) -> String {
            guard let index = index(of: reference) else { return "6A88" }
            rules.remove(at: index)
            return "9000"
        }

        mutating func delete(rule: TestRule) -> String {
            guard let index = index(of: rule) else { return "6A88" }
            var left = rules[index]
            for part in [\TestRule.commands, \.events, \.privileges] {
                guard let named = rule[keyPath: part] else { continue }
                guard let value = left[keyPath: part], named.isEmpty || named == value else { return "6A88" }
                left[keyPath: part] = nil
            }
            if left.commands == nil, left.events == nil, left.privileges == nil {
                rules.remove(at: index)
            } else {
                rules[index] = left
            }
            return "9000"
        }
    }

    /// Rules of few kinds, so that many are for the same.
    private static func rule(_ generator: inout FuzzTests.Generator) -> TestRule {
        let applications = [nil, "", "FFFFFFFFFFFF", "A000000151000000", "A0000001510000000102030405060708"]
        var rule = TestRule(
            application: applications[generator.next(applications.count)],
            device: String(repeating: hex([UInt8(generator.next(3))]), count: [0, 20, 32][generator.next(3)]),
            package: generator.next(3) == 0 ? String(repeating: "61", count: 1 + generator.next(20)) : nil
        )
        let kinds = 1 + generator.next(7)
        if kinds & 1 != 0 {
            let filters = (0...generator.next(3)).map { _ in
                hex([0x80, UInt8(generator.next(4)), 0, 0, 0xFF, 0xFF, 0, 0])
            }
            rule.commands = generator.next(2) == 0 ? ["00", "01"][generator.next(2)] : Set(filters).sorted().joined()
        }
        if kinds & 2 != 0 { rule.events = ["00", "01"][generator.next(2)] }
        if kinds & 4 != 0 { rule.privileges = "00000000000000" + hex([UInt8(generator.next(8))]) }
        return rule
    }

    @Test(arguments: [UInt64(1), 2, 3, 0xFEED_BEEF])
    func changesAgainstAModel(_ seed: UInt64) throws {
        print("AccessRulesFuzzTests.changesAgainstAModel: seed \(seed)")
        var generator = FuzzTests.Generator(state: seed)
        let card = try AccessRuleCard()
        var model = Model()
        var counts: [String: Int] = [:]
        for step in 0..<250 {
            var rule = Self.rule(&generator)
            if !model.rules.isEmpty, generator.next(3) == 0 {
                let known = model.rules[generator.next(model.rules.count)]
                rule.application = known.application
                rule.device = known.device
                rule.package = known.package
            }
            let expected: String
            let response: String
            switch generator.next(20) {
            case 0:
                expected = model.delete(application: rule.application ?? "")
                response = try card.store(0xF1, hex(AccessRuleCard.tlv(0x4F, octets(rule.application ?? ""))))
            case 1, 2:
                expected = model.delete(reference: rule)
                response = try card.store(0xF1, rule.reference)
            case 3, 4, 5:
                if generator.next(2) == 0, rule.commands != nil { rule.commands = "" }
                if generator.next(2) == 0, rule.events != nil { rule.events = "" }
                if generator.next(2) == 0, rule.privileges != nil { rule.privileges = "" }
                expected = model.delete(rule: rule)
                response = try card.store(0xF1, rule.text)
            default:
                expected = model.store(rule)
                response = try card.store(0xF0, rule.text)
            }
            counts[expected, default: 0] += 1
            try #require(response == expected, "seed \(seed), step \(step): \(rule.text)")
            let text = model.rules.map(\.text).joined()
            try #require(try card.rules() == text, "seed \(seed), step \(step): \(rule.text)")
            guard let named = model.rules.first else { continue }
            let length = hex([UInt8(named.reference.count / 2)])
            let told = try card.send("80CAFF50" + length + named.reference + "00")
            let permissions = octets(named.permissions)
            let whole = AccessRuleCard.tlv(0x50, permissions)
            try #require(told == "FF" + hex(Array(whole.prefix(255))) + "9000", "seed \(seed), step \(step)")
        }
        print(counts.sorted { $0.key < $1.key })
        #expect(counts.count == 4)
    }

    /// Whatever comes, it is answered; a refused command changes nothing; what is stored can be told, and stored again.
    @Test(arguments: [UInt64(4), 5, 6])
    func changedCommands(_ seed: UInt64) throws {
        print("AccessRulesFuzzTests.changedCommands: seed \(seed)")
        var generator = FuzzTests.Generator(state: seed)
        let card = try AccessRuleCard()
        var accepted = 0
        for step in 0..<1_000 {
            let rule = Self.rule(&generator)
            let data =
                switch generator.next(6) {
                case 0: AccessRuleCard.tlv(0xF1, octets(rule.reference))
                case 1: AccessRuleCard.tlv(0xF1, octets(rule.text))
                default: AccessRuleCard.tlv(0xF0, octets(rule.text))
                }
            var command = [0x80, 0xE2, 0x90, 0x00, UInt8(data.count)] + data
            if generator.next(8) == 0 { command = [0x80, 0xCA, 0xFF, 0x50, UInt8(data.count - 2)] + data.dropFirst(2) }
            for _ in 0..<generator.next(4) {
                let place = generator.next(command.count)
                // Tags and lengths are of more interest than what stands in them.
                command[place] =
                    generator.next(2) == 0 ? UInt8(generator.next(256)) : command[generator.next(command.count)]
            }
            if generator.next(10) == 0 { command.removeLast(generator.next(command.count)) }
            // Of class 0X only commands of the file system could go anywhere else.
            if command.count > 1, command[0] & 0x80 == 0 || command[0] == 0xA0 { command[0] = 0x80 }
            let before = [UInt8](card.image)
            let response = card.transmit(command)
            try #require(response.count >= 2, "seed \(seed), step \(step): \(hex(command))")
            let sw1 = response[response.count - 2]
            try #require(sw1 != 0x6F && sw1 != 0x65, "seed \(seed), step \(step): \(hex(command)) \(hex(response))")
            let isDone = sw1 == 0x90 || sw1 == 0x63 || sw1 == 0x61
            if isDone { accepted += 1 }
            if !isDone { try #require([UInt8](card.image) == before, "seed \(seed), step \(step): \(hex(command))") }
            if command.count == 6, command[1] == 0xE2, command[5] == 0xA1, isDone {
                card.image.copyBytes(from: before)
                card.card.powerOn()
                try card.select()
            }
        }
        print("\(accepted) commands accepted")
        // Each rule is one that a card anew takes as it is.
        let other = try AccessRuleCard()
        let told = try card.rules()
        for rule in Self.parts(octets(told)).reversed() {
            let data = AccessRuleCard.tlv(0xF0, rule)
            guard data.count <= 255 else { continue }
            try #require(try other.store(0xF0, hex(rule)) == "9000")
        }
        #expect(try other.rules() == told)
    }

    /// The data objects of a list.
    private static func parts(_ list: [UInt8]) -> [[UInt8]] {
        list.withView { view in
            var cursor = OctetCursor(view)
            var parts: [[UInt8]] = []
            while let object = cursor.berTLV() {
                parts.append(AccessRuleCard.tlv(0xE2, object.value.array))
            }
            return parts
        }
    }
}
