import Octets
import Testing

@testable import GlobalPlatform

/// The power fails in every program operation of the management of card content, keys and states: all of a command, or
/// nothing of it. What persists on the way is only what the session counts.
@Suite struct DomainTearingTests {
    private static let module = Domain.firmware + [0x41]
    private static let new = Domain.issuer.aid + [0xD1]
    private static let keys = [[UInt8]](repeating: [UInt8](0x90...0x9F), count: 3)
    private static let otherKeys = [[UInt8]](repeating: [UInt8](0xA0...0xAF), count: 3)

    @Test func installations() throws {
        let flow = try TearingFlow("installations")
        try flow.open(.scp03(0x33))
        try flow.install(
            "for install",
            0x04,
            [Domain.firmware, Self.module, Self.new, [0x80, 0, 0], [0xC9, 0x00], []]
        )
        try flow.install("for make selectable", 0x08, [[], [], Self.new, [0], [], []])
        try flow.install(
            "for registry update",
            0x40,
            [[], [], Self.new, [0x80, 0x40, 0], [0xEF, 3, 0xD9, 1, 0x40], []]
        )
        try flow.install("for extradition", 0x10, [Domain.plain.aid, [], Self.new, [], [], []])
        let reset: [UInt8] = [0x84, 0x00, 0x00]
        let parameters: [UInt8] = [
            0xC9, 0x04, 0x81, 0x02, 0x03, 0x70, 0xEF, 0x07, 0xCF, 0x01, 0x42, 0xC8, 0x02, 0x20, 0x00,
        ]
        let fields = [Domain.firmware, Self.module, Self.new + [1], reset, parameters, []]
        try flow.install("for install and make selectable", 0x0C, fields)
        try flow.send("DELETE a domain with a privilege of one", 0xE4, 0, 0, Command.tlv(0x4F, Self.new + [1]))
        try flow.send("DELETE a domain", 0xE4, 0, 0, Command.tlv(0x4F, Self.new))
        flow.finish()
    }

    @Test func loads() throws {
        let flow = try TearingFlow("loads")
        try flow.open(.scp03(0x03))
        let file = DomainGenerator.loadFileAID
        let stream = Command.tlv(0xC4, DomainGenerator.loadFile)
        try flow.install("for load", 0x02, [file, [], [], [], []])
        for (number, start) in stride(from: 0, to: stream.count, by: 60).enumerated() {
            let part = Array(stream[start..<min(start + 60, stream.count)])
            let isLast = start + 60 >= stream.count
            try flow.send("LOAD \(number)", 0xE8, isLast ? 0x80 : 0x00, UInt8(number), part)
        }
        try flow.send("DELETE a load file with what is related", 0xE4, 0, 0x80, Command.tlv(0x4F, file))
        flow.finish()
    }

    @Test(arguments: [SessionKind.scp03(0x33), .scp02(0x03), .scp11a(0x33)])
    func keys(kind: SessionKind) throws {
        let flow = try TearingFlow("keys, \(kind)")
        try flow.open(kind)
        let host = flow.session
        // With SCP11a the first C-MAC ends what the authentication has counted.
        try flow.cut("the first command", counts: true) {
            host.exchange(Command.make(0xF2, 0x80, 0x02, [0x4F, 0x00])) ?? []
        }
        try flow.send("PUT KEY, new", 0xD8, 0, 0x81, host.keyData(0x32, .aes, Self.keys))
        try flow.send("PUT KEY, the same version", 0xD8, 0x32, 0x81, host.keyData(0x32, .aes, Self.otherKeys))
        try flow.send("PUT KEY, another version", 0xD8, 0x32, 0x81, host.keyData(0x33, .aes, Self.keys))
        try flow.send("PUT KEY, one", 0xD8, 0x33, 0x02, host.keyData(0x33, .aes, [Self.otherKeys[0]]))
        try flow.send("DELETE a key", 0xE4, 0, 0, [0xD0, 0x01, 0x02, 0xD2, 0x01, 0x33])
        try flow.send("DELETE a version", 0xE4, 0, 0, [0xD2, 0x01, 0x33])
        flow.finish()
    }

    @Test func personalization() throws {
        let flow = try TearingFlow("personalization")
        try flow.open(.scp03(0x33))
        for (tag, value) in [
            (0x45, [UInt8](1...8)), (0x42, [9, 9]), (0x45, [UInt8](repeating: 7, count: 80)), (0x42, []),
        ] {
            let object = Command.tlv(tag, value)
            try flow.send("STORE DATA \(tag)", 0xE2, 0x88, 0, [0x00, 0x70, UInt8(object.count)] + object)
        }
        try flow.install("a domain", 0x0C, [Domain.firmware, Self.module, Self.new, [0x80, 0, 0], [0xC9, 0x00], []])
        try flow.install("for personalization", 0x20, [[], [], Self.new, [], [], []])
        var templates: [UInt8] = []
        var groups: [UInt8] = []
        for number in 1...3 {
            let head: [UInt8] = [0xB9, 0x0F, 0x95, 0x01, 0x18, 0x80, 0x01, 0x88, 0x81, 0x01, 0x10]
            templates += head + [0x82, 0x01, UInt8(number), 0x83, 0x01, 0x30]
            groups += [0x81, 0x13, 0x10] + flow.session.encipher(Self.keys[number - 1])
        }
        try flow.send("STORE DATA with templates", 0xE2, 0x68, 0, [0x00, 0xB9, UInt8(templates.count)] + templates)
        try flow.send("STORE DATA with keys", 0xE2, 0xE8, 1, groups)
        flow.finish()
    }

    @Test func states() throws {
        let flow = try TearingFlow("states")
        try flow.open(.scp03(0x11))
        try flow.send("lock an application", 0xF0, 0x40, 0x80, Domain.issuer.below)
        try flow.send("unlock it", 0xF0, 0x40, 0x00, Domain.issuer.below)
        try flow.send("lock a domain with all in it", 0xF0, 0x60, 0x80, Domain.plain.aid)
        try flow.send("unlock them", 0xF0, 0x60, 0x00, Domain.plain.aid)
        try flow.send("lock the card", 0xF0, 0x80, 0x7F, [])
        try flow.send("unlock it", 0xF0, 0x80, 0x0F, [])
        try flow.send("terminate it", 0xF0, 0x80, 0xFF, [])
        flow.finish()
    }

    /// Authentications are counted before they are looked at, sessions before they are open.
    @Test func authentications() throws {
        let flow = try TearingFlow("authentications")
        for kind in [SessionKind.scp02(0x01), .scp02(0x13), .scp03(0x01), .scp03(0x33), .scp11a(0x33), .scp11b(0x33)] {
            try flow.open(kind)
        }
        for kind in [SessionKind.scp02(0x01), .scp03(0x01)] {
            for fault in 0..<2 {
                let host = flow.session
                try flow.cut("INITIALIZE UPDATE", counts: true) { host.initialize(kind) }
                if fault == 0 { host.host.hostCryptogram[0] ^= 1 }
                try flow.cut("EXTERNAL AUTHENTICATE, wrong", counts: true) {
                    var command = host.host.externalAuthenticate(0x01)
                    if fault == 1 { command[command.count - 1] ^= 1 }
                    return flow.card.send(command)
                }
            }
        }
        // With SCP11a the first C-MAC ends the doubt.
        try flow.open(.scp11a(0x33))
        try flow.cut("the first command", counts: true) {
            flow.session.exchange(Command.make(0xF2, 0x80, 0x02, [0x4F, 0x00])) ?? []
        }
        flow.finish()
    }
}
