/// Makes command APDUs, most of them valid but for one thing.
struct CommandGenerator {
    private var random: SeededGenerator
    private let scripted: [[UInt8]]
    /// What comes next, whatever else could.
    private var queue: [[UInt8]] = []

    /// - Parameter scripted: commands of scripts, that are mutated too.
    init(seed: UInt64, scripted: [[UInt8]]) {
        random = SeededGenerator(seed: seed)
        self.scripted = scripted
    }

    /// The commands of the scripts.
    static func scripted() throws -> [[UInt8]] {
        try Script.names("Scripts").flatMap { name in
            try Script("Scripts", name).steps.compactMap { _, step in
                if case .command(let octets, _) = step { octets } else { nil }
            }
        }
    }

    /// What opens the card: ADM1, PIN 01, channels with numbers up to 19.
    static let opening: [[UInt8]] = [
        [0x00, 0x20, 0x00, 0x0A, 0x08] + [UInt8](repeating: 0x35, count: 8),
        [0x00, 0x28, 0x00, 0x01, 0x08, 0x30, 0x30, 0x30, 0x30, 0xFF, 0xFF, 0xFF, 0xFF],
        [0x80, 0xAA, 0x00, 0x00, 0x04, 0xA9, 0x02, 0x81, 0x00],
        [0x00, 0x70, 0x00, 0x01], [0x00, 0x70, 0x00, 0x04], [0x00, 0x70, 0x00, 0x13],
    ]

    /// File identifiers of the default profile, of the scripts, and reserved ones.
    private static let identifiers: [UInt16] = [
        0x3F00, 0x2F05, 0x2FE2, 0x2F00, 0x2F06, 0x2F08, 0x7F10, 0x5F3A, 0x4F58, 0x4F60, 0x6F07, 0x6F06, 0x6F08, 0x6F38,
        0x6F3C, 0x6F39, 0x6F80, 0x6F81, 0x6F7E, 0x6FC4, 0x5FC0, 0x4F01, 0x4F07, 0x2F30, 0x2F31, 0x2F32, 0x2F33, 0x2F34,
        0x7F20, 0x6F01, 0x7FFF, 0x3FFF, 0xFFFF, 0x5F21,
    ]

    private static let codes: [[UInt8]] = [
        [0x30, 0x30, 0x30, 0x30, 0xFF, 0xFF, 0xFF, 0xFF], [0x39, 0x39, 0x39, 0x39, 0xFF, 0xFF, 0xFF, 0xFF],
        [UInt8](repeating: 0x31, count: 8), [UInt8](repeating: 0x32, count: 8), [UInt8](repeating: 0x35, count: 8),
        [UInt8](repeating: 0x39, count: 8), [UInt8](repeating: 0x37, count: 8), [UInt8](repeating: 0x34, count: 8),
        [0x38, 0x38, 0x38, 0x38, 0xFF, 0xFF, 0xFF, 0xFF],
    ]
    private static let keyReferences: [UInt8] = [0x01, 0x0A, 0x81, 0x11, 0x82]

    /// The AID of the USIM (02) or the ISIM (04).
    private static func application(_ number: UInt8) -> [UInt8] {
        [0xA0, 0, 0, 0, 0x87, 0x10, number, 0xF9, 0x99, 0xFF, 0xFF, 0x89, 0x00, 0x00, 0x01, 0x00]
    }

    mutating func next() -> [UInt8] {
        if let first = queue.first {
            queue.removeFirst()
            return first
        }
        // A wrong value takes the rights of ADM1 away: back with them.
        if random.chance(8) { return random.pick(Array(Self.opening[0...1])) }
        if random.chance(6) {
            switch random.below(10) {
            case 0: chain()
            case 1: suspension()
            case 2: codes()
            case 3: authentications()
            case 4: commandsOfSIM()
            default: visit()
            }
            return next()
        }
        var command =
            switch random.below(16) {
            case 0: random.octets(random.below(random.chance(8) ? 300 : 12))
            case 1, 2, 3, 4: random.pick(scripted)
            default: valid()
            }
        if command.count >= 4, random.chance(8) { command[0] = classOctet(command[0] & 0x80) }
        if random.chance(4) { mutate(&command) }
        return command
    }

    private mutating func classOctet(_ kind: UInt8) -> UInt8 {
        switch random.below(12) {
        case 0: kind == 0 ? 0x4F : 0xCF
        case 1: kind | 0x10
        case 2: kind | 0x0C
        case 3: random.octet()
        case 4, 5: kind == 0 ? 0x40 : 0xC0
        default: kind | UInt8(random.below(3))
        }
    }

    private mutating func mutate(_ command: inout [UInt8]) {
        guard !command.isEmpty else { return }
        let place = random.below(min(command.count, random.chance(2) ? 5 : command.count))
        switch random.below(8) {
        case 0: command[place] = random.octet()
        case 1: command[place] ^= 1 << UInt8(random.below(8))
        case 2: command[place] = random.pick([0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF])
        case 3: command.remove(at: place)
        case 4: command.insert(random.octet(), at: place)
        case 5: command.removeLast(random.below(command.count))
        case 6: command += random.octets(random.below(4))
        default: if command.count > 4 { command[4] = command[4] &+ (random.chance(2) ? 1 : 255) }
        }
    }

    // MARK: Visits

    /// Files of the default profile, whether below the MF or in the USIM, and the commands that suit them.
    private static let places: [(isInUSIM: Bool, path: [UInt8], instruction: UInt8, length: Int)] = [
        (false, [0x2F, 0x05], 0xD6, 2), (false, [0x7F, 0x10, 0x5F, 0x3A, 0x4F, 0x58], 0xDC, 28),
        (false, [0x7F, 0x10, 0x5F, 0x3A, 0x4F, 0x60], 0xDC, 2), (false, [0x7F, 0x10, 0x5F, 0x3A, 0x4F, 0x22], 0xD6, 4),
        (true, [0x6F, 0x3C], 0xDC, 176), (true, [0x6F, 0x3B], 0xDC, 28), (true, [0x6F, 0x80], 0xDD, 42),
        (true, [0x6F, 0x7E], 0xD6, 11), (true, [0x6F, 0xC4], 0xD6, 128), (true, [0x6F, 0x39], 0x32, 3),
        (false, [0x2F, 0x34], 0xDB, 0), (false, [0x2F, 0x30], 0xD6, 200), (false, [0x2F, 0x32], 0xDC, 20),
        (false, [0x2F, 0x33], 0x32, 5), (false, [0x2F, 0x06], 0xAB, 48),
    ]

    /// Selects a file and does to it what can be done.
    private mutating func visit() {
        let place = random.pick(Self.places)
        queue = [Self.opening[0], [0x00, 0x20, 0x00, 0x01] + Self.opening[1].suffix(9)]
        if place.isInUSIM { queue.append([0x00, 0xA4, 0x04, 0x0C, 0x0C] + Self.application(0x02).prefix(12)) }
        if place.path[0] == 0x2F, place.instruction != 0xAB {
            queue += [[0x00, 0xA4, 0x00, 0x0C], creation(of: place)]
        }
        queue.append([0x00, 0xA4, place.isInUSIM ? 0x09 : 0x08, 0x0C, UInt8(place.path.count)] + place.path)
        for _ in 0..<1 + random.below(4) {
            let record = UInt8(random.below(6))
            switch place.instruction {
            case 0xD6:
                let offset = random.below(place.length)
                let data = some(min(place.length - offset, 255))
                queue.append([0x00, 0xD6, 0, UInt8(offset), UInt8(data.count)] + data)
            case 0xDC where random.chance(6): queue.append([0x00, 0xA2, 0x01, 0x04, 0x02] + random.octets(2))
            case 0xDC:
                let mode: UInt8 = record == 0 ? random.pick([2, 3]) : 4
                queue.append([0x00, 0xDC, record, mode, UInt8(place.length)] + random.octets(place.length))
            case 0xDD: queue.append([0x00, 0xDC, 0, 3, UInt8(place.length)] + random.octets(place.length))
            case 0xAB:
                // EF.ARR. Behind the rules stands FF.
                let octets = rules(0).prefix(48) + [UInt8](repeating: 0xFF, count: 48)
                queue.append([0x00, 0xDC, random.pick([1, 5, 10, 12, 14]), 4, 48] + octets.prefix(48))
            case 0x32: queue.append([0x80, 0x32, 0, 0, 0x02, 0x00, random.octet()])
            default: queue.append(setData())
            }
        }
        var resized =
            tlv(0x83, Array(place.path.suffix(2))) + tlv(0x80, [0, UInt8(random.below(9)), UInt8(place.length)])
        if place.instruction == 0xDB { resized += tlv(0xA5, tlv(0x86, [UInt8(random.below(9)), random.octet()])) }
        if random.chance(4) { queue.append(command([0x80, 0xD4, 0, 0], tlv(0x62, resized))) }
        if random.chance(4) { queue.append([0x00, random.pick([0xE4, 0x04, 0x44]), 0, 0, 2] + place.path.suffix(2)) }
    }

    /// A command chain, longer than a file and now and then than the journal.
    private mutating func chain() {
        let count = random.below(random.chance(3) ? 40 : 4)
        let size = UInt8(1 + random.below(4)) * 60
        queue = [
            Self.opening[0], [0x00, 0xA4, 0x00, 0x0C], creation(of: (false, [0x2F, 0x30], 0xD6, 200)),
            [0x00, 0xA4, 0x08, 0x0C, 0x02, 0x2F, 0x30],
            [0x80, 0xD4, 0, 0, 0x0B] + tlv(0x62, tlv(0x83, [0x2F, 0x30]) + tlv(0x80, [0x00, 0x20, random.octet()])),
        ]
        let links = (0..<count).map { _ in [0x10, 0xD6, 0, 0, size] + random.octets(Int(size)) }
        queue += links + [[0x00, 0xD6, 0, 0, 1, 0xAA]]
        if random.chance(3) { queue.remove(at: random.below(queue.count)) }
    }

    /// SUSPEND UICC, and mostly what resumes.
    private mutating func suspension() {
        queue = [[0x80, 0x76, 0x00, 0x00, 0x04, 0x00, 0x00, UInt8(random.below(6)), 0x05]]
        if random.chance(4) { queue.append([0x00, 0xC0, 0x00, 0x00, 0x0A]) }
        if random.chance(4) { queue.append(random.pick(scripted)) }
        var resumption = FaultCard.resumption
        if random.chance(8) { mutate(&resumption) }
        queue.append(resumption)
    }

    /// Some of the scripts' AUTHENTICATE commands, in any order.
    private mutating func authentications() {
        queue = [Self.opening[0], [0x00, 0x20, 0x00, 0x01] + Self.opening[1].suffix(9)]
        queue.append([0x00, 0xA4, 0x04, 0x0C, 0x0C] + Self.application(random.pick([0x02, 0x02, 0x04])).prefix(12))
        if random.chance(4) {
            queue += [[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x6F, 0x38], [0x00, 0xD6, 0x00, 0x08, 0x01, 0xFF]]
        }
        let commands = scripted.filter { $0[1] == 0x88 && $0[0] == 0x00 }
        for _ in 0..<1 + random.below(6) { queue.append(random.pick(commands)) }
        let last = random.below(queue.count)
        if random.chance(4) {
            var command = queue[last]
            mutate(&command)
            queue[last] = command
        }
    }

    /// Some commands of class A0.
    private mutating func commandsOfSIM() {
        let file: [UInt8] = random.pick([[0x6F, 0x7E], [0x6F, 0x3C], [0x6F, 0x39], [0x6F, 0x07]])
        queue = [[0xA0, 0xA4, 0x00, 0x00, 0x02, 0x7F, 0x20], [0xA0, 0x20, 0x00, 0x01, 0x08] + Self.codes[0]]
        queue.append([0xA0, 0xA4, 0x00, 0x00, 0x02] + file)
        let commands = scripted.filter { $0[0] == 0xA0 }
        for _ in 0..<1 + random.below(6) { queue.append(random.pick(commands)) }
    }

    /// PINs that come and go: the universal one in place of PIN 01, those of DF.PHONEBOOK, and the DF itself.
    private mutating func codes() {
        let (pin, universal, own) = (Self.codes[0], Self.codes[6], Self.codes[8])
        let phonebook: [UInt8] = [0x00, 0xA4, 0x08, 0x0C, 0x04, 0x7F, 0x10, 0x5F, 0x3A]
        queue = [Self.opening[0], Self.opening[1], phonebook]
        for _ in 0..<2 + random.below(6) {
            queue.append(
                random.pick([
                    [0x00, 0x26, 0x91, 0x01, 0x08] + pin, [0x00, 0x28, 0x00, 0x01, 0x08] + pin,
                    [0x00, 0x20, 0x00, 0x11, 0x08] + universal, [0x00, 0x26, 0x00, 0x11, 0x08] + universal,
                    [0x00, 0x28, 0x00, 0x11, 0x08] + universal, [0x00, 0x24, 0x00, 0x11, 0x10] + universal + universal,
                    [0x00, 0x20, 0x00, 0x82, 0x08] + random.pick(Self.codes), [0x00, 0x26, 0x00, 0x82, 0x08] + own,
                    [0x00, 0x28, 0x00, 0x82, 0x08] + own, [0x00, 0x2C, 0x00, 0x82, 0x10] + Self.codes[7] + own,
                ])
            )
        }
        guard random.chance(6) else { return }
        queue += random.pick([
            [[0x00, 0xA4, 0x03, 0x0C], [0x00, 0xE4, 0x00, 0x00, 0x02, 0x5F, 0x3A]],
            [
                [0x00, 0xA4, 0x04, 0x0C, 0x0C] + Self.application(0x02).prefix(12),
                [0x00, 0xE4, 0x00, 0x00, 0x02, 0x7F, 0xFF],
            ],
        ])
    }

    /// Access rules in AM_DO and SC_DO, nested anyhow.
    private mutating func rules(_ depth: Int) -> [UInt8] {
        var octets: [UInt8] = []
        for _ in 0..<random.below(4) {
            octets += random.chance(2) ? [0x80, 0x01, random.octet()] : tlv(0x80 | random.octet() & 0x0F, some(3))
            switch random.below(6) {
            case 0: octets += [0x90, 0x00]
            case 1: octets += [0x97, 0x00]
            case 2: octets += tlv(0xA4, tlv(0x83, [random.pick([0x01, 0x0A, 0x81])]) + [0x95, 0x01, 0x08])
            case 3: octets += [0x9E, 0x01, random.octet()]
            case 4: octets += some(4)
            default: if depth < 6 { octets += tlv(random.pick([0xA0, 0xA7, 0xAF]), rules(depth + 1)) }
            }
        }
        return Array(octets.prefix(120))
    }

    /// CREATE FILE of a place below the MF, once more if it is there.
    private func creation(of place: (isInUSIM: Bool, path: [UInt8], instruction: UInt8, length: Int)) -> [UInt8] {
        let descriptor: [UInt8]
        var size = place.length
        switch place.instruction {
        case 0xDC: (descriptor, size) = ([0x42, 0x21, 0x00, UInt8(place.length)], place.length * 10)
        case 0x32: (descriptor, size) = ([0x46, 0x21, 0x00, UInt8(place.length)], place.length * 4)
        case 0xDB: (descriptor, size) = ([0x79, 0x21], 40)
        default: descriptor = [0x41, 0x21]
        }
        var fields =
            tlv(0x82, descriptor) + tlv(0x83, Array(place.path)) + tlv(0x8A, [0x05]) + Self.everything
            + tlv(0x80, [UInt8(size >> 8), UInt8(size & 0xFF)]) + tlv(0x88, [])
        if place.instruction == 0xDB { fields += tlv(0xA5, tlv(0x86, [0x02, 0x58])) }
        let template = tlv(0x62, fields)
        return [0x00, 0xE0, 0, 0, UInt8(template.count)] + template
    }

    /// Access rules that allow everything, RESIZE FILE and INCREASE too.
    private static let everything: [UInt8] = [
        0xAB, 0x0F, 0x80, 0x01, 0x7F, 0x90, 0x00, 0x84, 0x01, 0xD4, 0x90, 0x00, 0x84, 0x01, 0x32, 0x90, 0x00,
    ]

    // MARK: Valid commands

    private mutating func identifier() -> [UInt8] {
        let number = random.chance(10) ? UInt16(truncatingIfNeeded: random.next()) : random.pick(Self.identifiers)
        return [UInt8(number >> 8), UInt8(number & 0xFF)]
    }

    private mutating func command(_ header: [UInt8], _ data: [UInt8], le: Bool = false) -> [UInt8] {
        guard !data.isEmpty, data.count <= 255 else {
            return header + (le ? [random.chance(2) ? 0 : random.octet()] : [])
        }
        if random.chance(20) {
            return header + [0, UInt8(data.count >> 8), UInt8(data.count & 0xFF)] + data + (le ? [0, 0] : [])
        }
        return header + [UInt8(data.count)] + data + (le ? [0] : [])
    }

    private mutating func some(_ limit: Int) -> [UInt8] { random.octets(1 + random.below(limit)) }

    private func tlv(_ tag: UInt8, _ value: [UInt8]) -> [UInt8] {
        [tag] + (value.count < 128 ? [UInt8(value.count)] : [0x81, UInt8(truncatingIfNeeded: value.count)]) + value
    }

    private mutating func short(_ mode: [UInt8]) -> UInt8 {
        (random.chance(2) ? 0 : UInt8(random.below(32)) << 3) | random.pick(mode)
    }

    private mutating func valid() -> [UInt8] {
        switch random.below(29) {
        case 0: command([0x00, 0xA4, 0x00, random.pick([0x04, 0x0C, 0x00])], identifier(), le: random.chance(2))
        case 1: command([0x00, 0xA4, random.pick([0x08, 0x09]), 0x0C], identifier() + identifier())
        case 2: command([0x00, 0xA4, random.pick([0x01, 0x03]), 0x04], random.chance(2) ? identifier() : [])
        case 3:
            command(
                [0x00, 0xA4, 0x04, random.pick([0x04, 0x0C, 0x02, 0x01, 0x03, 0x44, 0x00])],
                Array(Self.application(random.pick([2, 4])).prefix(random.chance(2) ? 16 : random.below(17)))
            )
        case 4: [0x80, 0xF2, random.pick([0, 1, 2]), random.pick([0x00, 0x01, 0x0C]), random.octet()]
        case 5: [0x00, 0xB0, random.chance(2) ? 0x80 | UInt8(random.below(32)) : 0, random.octet(), random.octet()]
        case 6, 7:
            command(
                [0x00, 0xD6, random.chance(2) ? 0x80 | UInt8(random.below(32)) : 0, UInt8(random.below(120))],
                some(random.chance(4) ? 200 : 12)
            )
        case 8: [0x00, 0xB2, UInt8(random.below(12)), short([2, 3, 4]), random.pick([0, 5, 20, 28, 48, 176])]
        case 9, 10:
            command(
                [0x00, 0xDC, UInt8(random.below(4)), short([2, 3, 4])],
                random.octets(random.pick([2, 3, 5, 13, 20, 28, 30, 42, 48, 176]))
            )
        case 11: command([0x00, 0xA2, UInt8(random.below(4)), short([4, 5, 6])], some(6), le: true)
        case 12: command([0x80, 0x32, random.chance(2) ? 0 : 0x9C, 0x00], some(3), le: random.chance(2))
        case 13, 14: code()
        case 15: command([0x00, random.pick([0x04, 0x44]), random.pick([0, 8, 9]), 0], identifier())
        case 16: [0x00, 0x70, random.pick([0x00, 0x80]), UInt8(random.below(21)), 0x01]
        case 17: [0x00, 0x84, 0x00, 0x00, random.octet()]
        case 18:
            command(
                [0x80, 0xCB, 0x00, random.pick([0x80, 0x00])],
                random.chance(2) ? [random.pick([0x80, 0x5C])] : []
            )
        case 19, 20: setData()
        case 21, 22, 23: createFile()
        case 24: command([0x00, random.pick([0xE4, 0xE6, 0xE8]), 0, 0], identifier())
        case 25:
            command(
                [0x80, 0xD4, 0, 0],
                tlv(0x62, tlv(0x83, identifier()) + tlv(0x80, random.octets(1 + random.below(3))))
            )
        case 26: [random.chance(2) ? 0x00 : 0x01, 0xC0, 0x00, 0x00, random.octet()]
        case 27: [0x80, 0x76, 0, 0, 4, UInt8(random.below(6)), random.octet(), UInt8(random.below(6)), random.octet()]
        default: command([0x00, random.octet(), random.octet(), random.octet()], some(20), le: random.chance(2))
        }
    }

    private mutating func code() -> [UInt8] {
        let ins: UInt8 = random.pick([0x20, 0x24, 0x26, 0x28, 0x2C])
        let first = random.pick(Self.codes)
        let second = ins == 0x24 || ins == 0x2C ? random.pick(Self.codes) : []
        let p1: UInt8 = random.chance(6) ? 0x80 | random.pick(Self.keyReferences) : 0
        return command([0x00, ins, p1, random.pick(Self.keyReferences)], random.chance(8) ? [] : first + second)
    }

    private mutating func setData() -> [UInt8] {
        if random.chance(8) { return command([0x80, 0xDB, 0, 0x80], [random.pick([0x80, 0x81, 0x5A, 0x62])]) }
        guard random.chance(3) else {
            return command(
                [0x80, 0xDB, 0, 0x80],
                tlv(random.pick([0x80, 0x81, 0x5A, 0x62]), random.octets(random.below(random.chance(4) ? 230 : 90)))
            )
        }
        let announced: [UInt8] = random.pick([
            [0x81, 0x96], [0x82, 0x01, 0x00], [0x84, 0xFF, 0xFF, 0xFF, 0xFF], [0x20],
        ])
        return random.chance(2)
            ? command([0x80, 0xDB, 0, 0], some(80)) : command([0x80, 0xDB, 0, 0x80], [0x82] + announced)
    }

    private mutating func createFile() -> [UInt8] {
        let descriptors: [[UInt8]] = [
            [0x41, 0x21], [0x42, 0x21, 0x00, 0x05], [0x46, 0x21, 0x00, 0x03], [0x79, 0x21], [0x78, 0x21], [0x01, 0x21],
            [0x42, 0x21, 0x01, 0x00], [0x39, 0x21],
        ]
        var fields = tlv(0x82, random.pick(descriptors)) + tlv(0x83, identifier())
        if random.chance(8) { fields += tlv(0x84, Array(Self.application(2).prefix(8)) + [random.octet()]) }
        fields += tlv(0x8A, [random.pick([0x05, 0x04, 0x01, 0x03, 0x0C])])
        switch random.below(10) {
        case 0: fields += tlv(0x8B, [0x2F, 0x06, UInt8(random.below(16))])
        case 1: fields += tlv(0xAB, rules(0))
        case 2: fields += tlv(0x8C, some(8))
        default: fields += Self.everything
        }
        if !random.chance(6) { fields += tlv(0x80, [UInt8(random.below(4)), UInt8(random.below(17)) * 15]) }
        switch random.below(4) {
        case 0: fields += tlv(0x88, [])
        case 1: fields += tlv(0x88, [UInt8(random.below(32)) << 3])
        default: break
        }
        if random.chance(4) { fields += tlv(0xA5, tlv(random.pick([0xC0, 0xC1, 0xC2, 0x85]), some(5))) }
        if random.chance(3) { fields += tlv(0xC6, [0x01, 0x0A]) }
        return command([0x00, 0xE0, 0, 0], tlv(0x62, fields))
    }
}
