import Octets

@testable import GlobalPlatform

/// Makes commands of security domains, in the clear: most of them right ones, many nearly right, some neither.
struct DomainGenerator {
    var random: SeededGenerator
    /// Keys that commands were made with: no response may tell them.
    private(set) var secrets = DomainKeys.all
    /// Blocks of a load that are still to be sent.
    private var blocks: [[UInt8]] = []

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// Empty.cap: origin in Tests/GlobalPlatformTests/LoadFileContentsTests.swift.
    static let loadFile: [UInt8] =
        Hex.octets(
            "01000FDECAFFED010204000005010203040502001F000F001F000C001F0016000C002A000A000900000045000000000000030100"
                + "04001F03020107A0000000620101020107A0000000620102000107A0000000620001"
                + "03000C01080102030405060708001306000C00800300FF00070100000021"
                + "07002A000540188C000018191E0441191E258B00017A05308F00023D181D1E8C00033B7A01201166668D00047A"
                + "08000A0000000000000000000005001600050680030003800302010000000600000106810C0109000900000005050B06070A"
        ) ?? []
    static let loadFileAID: [UInt8] = [0x01, 0x02, 0x03, 0x04, 0x05]

    /// The next command for a session; without Le.
    mutating func next(_ session: DomainSession) -> [UInt8] {
        if let block = blocks.first, !random.chance(6) {
            blocks.removeFirst()
            return block
        }
        return mutated(choose(session))
    }

    // MARK: Commands

    private mutating func choose(_ session: DomainSession) -> [UInt8] {
        switch random.below(40) {
        case 0...6: install()
        case 7...9: load()
        case 10...13: delete()
        case 14...17: putKey(session)
        case 18...21: getStatus()
        case 22...24: getData()
        case 25...29: storeData(session)
        case 30...33: setStatus()
        case 34: Command.make(0x7A, random.pick([0x10, 0x30, 0x00]), 0x01, random.octets(random.below(3)))
        case 35: Command.make(0x78, 0x00, random.pick([0x01, 0x03]), [])
        case 36: personalize()
        case 37: Command.make(random.octet(), random.octet(), random.octet(), random.octets(random.below(40)))
        default: Command.make(0xF2, 0x40, 0x02, [0x4F, 0x00])
        }
    }

    private mutating func aid() -> [UInt8] {
        let domain = random.pick(Domain.allCases)
        switch random.below(10) {
        case 0...2: return domain.aid
        case 3...5: return domain.below
        case 6, 7: return domain.aid + [0xC1 + UInt8(random.below(3))]
        case 8: return Self.loadFileAID + (random.chance(2) ? [] : [0x06, 0x07, 0x08])
        default: return random.chance(2) ? Domain.firmware : random.octets(random.below(18))
        }
    }

    private mutating func privileges() -> [UInt8] {
        random.pick([
            [0x80, 0x00, 0x00], [0x80, 0x40, 0x00], [0xA0, 0x00, 0x00], [0x80], [0x00], [], [0xC0, 0x00, 0x00],
            [0x84, 0x00, 0x00], [0x80, 0x02, 0x00], [0x80, 0x5C, 0x00],
            [random.octet(), random.octet(), random.octet()],
        ])
    }

    private mutating func parameters() -> [UInt8] {
        var octets = random.chance(12) ? [] : Command.tlv(0xC9, domainParameters())
        if random.chance(3) {
            var system: [UInt8] = []
            for _ in 0...random.below(3) {
                system += random.pick([
                    [0xC6, 0x02, 0x00, 0x40], [0xC7, 0x02, 0x01, 0x00], [0xC8, 0x02, 0x08, 0x00],
                    [0xD8, 0x02, 0x04, 0x00],
                    [0xC8, 0x04, 0xFF, 0xFF, 0xFF, 0xFF], [0xCF, 0x01, 0x40 | random.octet() & 0x1F],
                    [0xCF, 0x01, 0x40],
                    [0xD9, 0x01, 1 << random.octet() % 8], [0xCB, 0x02, 0x83, 0x00], [0xCA, 0x03, 0x01, 0x00, 0x01],
                ])
            }
            octets += Command.tlv(0xEF, system)
        }
        if random.chance(6) { octets += Command.tlv(0xB6, [0x42, 0x02, 1, 2, 0x5F, 0x20, 0x02, 3, 4]) }
        return octets
    }

    private mutating func domainParameters() -> [UInt8] {
        random.pick([
            [], [0x81, 0x02, 0x03, 0x70], [0x81, 0x02, 0x02, 0x55], [0x81, 0x02, 0x03, 0x30, 0x82, 0x02, 0x20, 0x20],
            [0x81, 0x02, random.octet() & 0x13, random.octet()],
        ])
    }

    private mutating func install() -> [UInt8] {
        let module = Domain.firmware + [0x41]
        switch random.below(8) {
        case 0:
            return Command.make(0xE6, 0x02, 0, Command.install([aid(), random.chance(2) ? [] : aid(), [], [], []]))
        case 1, 2, 3:
            let p1: UInt8 = random.pick([0x04, 0x0C, 0x0C, 0x0E])
            let fields = [Domain.firmware, module, aid(), privileges(), parameters(), []]
            return Command.make(0xE6, p1, p1 == 0x0E ? 0x03 : 0, Command.install(fields))
        case 4: return Command.make(0xE6, 0x08, 0, Command.install([[], [], aid(), privileges(), parameters(), []]))
        case 5: return Command.make(0xE6, 0x10, 0, Command.install([aid(), [], aid(), [], [], []]))
        default:
            let fields = [
                random.chance(2) ? [] : aid(), [], random.chance(4) ? [] : aid(), privileges(), parameters(), [],
            ]
            return Command.make(0xE6, 0x40, 0, Command.install(fields))
        }
    }

    private mutating func personalize() -> [UInt8] {
        Command.make(0xE6, 0x20, 0, Command.install([[], [], aid(), [], [], []]))
    }

    /// INSTALL [for load]; the blocks follow.
    private mutating func load() -> [UInt8] {
        let file = random.chance(3) ? random.octets(random.below(600)) : Self.loadFile
        let stream = Command.tlv(0xC4, file)
        let size = 20 + random.below(180)
        var number = 0
        blocks = stride(from: 0, to: stream.count, by: size).map { start in
            let part = Array(stream[start..<min(start + size, stream.count)])
            defer { number += 1 }
            return Command.make(0xE8, start + size >= stream.count ? 0x80 : 0x00, UInt8(number & 0xFF), part)
        }
        if random.chance(5), !blocks.isEmpty { blocks.remove(at: random.below(blocks.count)) }
        let isCombined = random.chance(6)
        let name = random.chance(3) ? aid() : Self.loadFileAID
        let fields = [name, random.chance(2) ? [] : aid(), [], random.chance(3) ? parameters() : [], []]
        return Command.make(0xE6, isCombined ? 0x0E : 0x02, isCombined ? 0x01 : 0, Command.install(fields))
    }

    private mutating func delete() -> [UInt8] {
        guard !random.chance(3) else {
            let identifier: [UInt8] = random.chance(2) ? [] : [0xD0, 0x01, UInt8(random.below(5))]
            let version: [UInt8] = [0xD2, 0x01, random.pick([0x20, 0x30, 0x31, 0x32, 0x03, 0x70, random.octet()])]
            return Command.make(0xE4, 0, 0, identifier + (random.chance(8) ? [] : version))
        }
        return Command.make(0xE4, 0, random.chance(3) ? 0x80 : 0x00, Command.tlv(0x4F, aid()))
    }

    private mutating func putKey(_ session: DomainSession) -> [UInt8] {
        let isAES = !random.chance(3)
        let version: UInt8 = random.pick([0x31, 0x32, 0x33, 0x21, 0x22, 0x01, 0x70, 0x71, 0x73, 0x75, random.octet()])
        let count = random.chance(3) ? 1 : 3
        let keys = (0..<count).map { _ in random.octets(16) }
        secrets += keys
        if secrets.count > 60 { secrets.removeFirst(secrets.count - 60) }
        let old: UInt8 = random.chance(3) ? random.pick([0x31, 0x32, 0x21, version]) : 0
        let data = session.keyData(version, isAES ? .aes : .des, keys)
        return Command.make(0xD8, old, (count > 1 ? 0x80 : 0) | UInt8(1 + random.below(2)), data)
    }

    private mutating func getStatus() -> [UInt8] {
        var criteria = Command.tlv(0x4F, random.chance(2) ? [] : Array(aid().prefix(random.below(17))))
        if random.chance(3) { criteria += [0x5C, 0x05, 0x4F, 0x9F, 0x70, 0xC5, 0xCC] }
        if random.chance(8) { criteria += random.octets(random.below(8)) }
        return Command.make(0xF2, random.pick([0x80, 0x40, 0x20, 0x10]), random.pick([0x02, 0x03, 0x00]), criteria)
    }

    private mutating func getData() -> [UInt8] {
        let tag = random.pick([
            0x0042, 0x0045, 0x0066, 0x0067, 0x00E0, 0x00C1, 0x00C2, 0x00CF, 0x00D3, 0x2F00, 0xFF21, 0x5F50, 0x9F7F,
            0xBF21,
            0x0085, random.below(65_536),
        ])
        let data: [UInt8] = tag == 0xBF21 ? [0xA6, 0x04, 0x83, 0x02, 0x11, 0x03] : tag == 0x2F00 ? [0x5C, 0x00] : []
        return Command.make(0xCA, UInt8(tag >> 8), UInt8(tag & 0xFF), data)
    }

    private mutating func storeData(_ session: DomainSession) -> [UInt8] {
        let key = random.octets(16)
        let tag: UInt8 = random.pick([0x42, 0x45, 0x4F, 0x66, 0x67, 0xC1, random.octet()])
        let object = Command.tlv(Int(tag), random.octets(random.below(20)))
        let group = { (number: Int, value: [UInt8]) -> [UInt8] in
            [UInt8(number >> 8), UInt8(number & 0xFF), UInt8(value.count)] + value
        }
        let p1: UInt8
        var data: [UInt8]
        switch random.below(4) {
        case 0: (p1, data) = (0x10, object)
        case 1: (p1, data) = (0x08, group(0x0070, object))
        case 2:
            let template: [UInt8] = [
                0xB9, 0x0F, 0x95, 0x01, 0x18, 0x80, 0x01, 0x88, 0x81, 0x01, 0x10, 0x82, 0x01, 0x01, 0x83, 0x01,
                UInt8(0x34 + random.below(3)),
            ]
            secrets.append(key)
            (p1, data) = (0x68, group(0x00B9, template) + group(0x8113, session.encipher(key)))
        default: (p1, data) = (random.pick([0x00, 0x08, 0x10, 0x18, 0x68]), random.octets(random.below(60)))
        }
        if random.chance(8) { data = Array(data.prefix(random.below(data.count + 1))) }
        return Command.make(0xE2, p1 | (random.chance(4) ? 0 : 0x80), random.chance(6) ? random.octet() : 0, data)
    }

    private mutating func setStatus() -> [UInt8] {
        switch random.below(8) {
        // The card is terminated seldom: nothing comes after.
        case 0:
            return Command.make(0xF0, 0x80, random.chance(30) ? 0xFF : random.pick([0x7F, 0x0F, 0x07, 0x01]), [])
        case 1: return Command.make(0xF0, 0x60, random.pick([0x80, 0x00, 0x0F]), aid())
        default: return Command.make(0xF0, 0x40, random.pick([0x80, 0x00, 0x0F, 0x07, random.octet()]), aid())
        }
    }

    /// Something else in one of six commands.
    private mutating func mutated(_ command: [UInt8]) -> [UInt8] {
        guard random.chance(6) else { return command }
        var header = Array(command.prefix(4))
        var data = Array(command.dropFirst(5))
        switch random.below(6) {
        case 0: header[2] ^= 1 << UInt8(random.below(8))
        case 1: header[3] ^= 1 << UInt8(random.below(8))
        case 2 where !data.isEmpty:
            data[random.below(data.count)] = random.pick([0x00, 0x7F, 0x80, 0x82, 0xFF, random.octet()])
        case 3 where !data.isEmpty: data.removeLast(1 + random.below(data.count))
        case 4: data += random.octets(1 + random.below(8))
        default: if !data.isEmpty { data.remove(at: random.below(data.count)) }
        }
        return Command.make(header[1], header[2], header[3], Array(data.prefix(200)))
    }
}
