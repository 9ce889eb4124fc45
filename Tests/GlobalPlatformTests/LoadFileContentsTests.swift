import Foundation
import GlobalPlatform
import Octets
import Testing

/// CAP files of Java Card in load file data blocks.
@Suite struct LoadFileContentsTests {
    /// Empty.cap as GlobalPlatformPro loads it: `gp --load Empty.cap` in client-traces.json.
    static let empty = octets(
        """
        01000FDECAFFED010204000005010203040502001F000F001F000C001F0016000C002A000A000900000045000000000000030100
        04001F03020107A0000000620101020107A0000000620102000107A0000000620001
        03000C01080102030405060708001306000C00800300FF00070100000021
        07002A000540188C000018191E0441191E258B00017A05308F00023D181D1E8C00033B7A01201166668D00047A
        08000A0000000000000000000005001600050680030003800302010000000600000106810C0109000900000005050B06070A
        """
    )

    /// helloworld.cap of kaoh/globalplatform.
    static let helloWorld = octets(
        """
        010011DECAFFED010204000107D0D1D2D3D4D50102001F0011001F000C000B0026000C003B0019000F0000005D000200010
        00C01010004000B01000107A000000062010103000C0108D0D1D2D3D4D50101000C06000C00800300FF0007010000001707
        003B000110188C0000188B00017A02308F00023D8C00033B7A0521198B00042D198B00053B7B0006031A037B0006928D000
        73B19037B0006928B00087A08001900020001000103000C48656C6C6F20576F726C64210000000005002600090680030003
        800301010000000600000103800A0103800A06050000000680100203800A0809000F0000000B0504060408050406040604
        """
    )

    struct Contents: Equatable {
        var package: String?
        var version: String?
        var modules: [String] = []
        var imports: [String] = []
    }

    static func read(_ block: [UInt8]) throws -> Contents {
        let held = secret(block)
        let contents = try LoadFileContents(held.view)
        var read = Contents()
        if let package = contents.package {
            read.package = hex(package.aid.array)
            read.version = "\(package.version.major).\(package.version.minor)"
        }
        read.modules = contents.modules.map { hex($0.array) }
        read.imports = contents.imports.map { "\(hex($0.aid.array)) \($0.version.major).\($0.version.minor)" }
        #expect(read.modules.count == contents.modules.count)
        #expect(read.imports.count == contents.imports.count)
        return read
    }

    static func component(_ tag: UInt8, _ info: [UInt8]) -> [UInt8] {
        [tag, UInt8(info.count >> 8), UInt8(info.count & 0xFF)] + info
    }

    static func header(_ aid: [UInt8], flags: UInt8 = 0x04, name: [UInt8] = []) -> [UInt8] {
        component(1, octets("DECAFFED0102") + [flags, 0x02, 0x05, UInt8(aid.count)] + aid + name)
    }

    static func applets(_ aids: [[UInt8]]) -> [UInt8] {
        component(3, [UInt8(aids.count)] + aids.flatMap { [UInt8($0.count)] + $0 + [0x12, 0x34] })
    }

    @Test func realFiles() throws {
        #expect(
            try Self.read(Self.empty)
                == Contents(
                    package: "0102030405",
                    version: "0.0",
                    modules: ["0102030405060708"],
                    imports: ["A0000000620101 1.2", "A0000000620102 1.2", "A0000000620001 1.0"]
                )
        )
        #expect(
            try Self.read(Self.helloWorld)
                == Contents(
                    package: "D0D1D2D3D4D501",
                    version: "1.0",
                    modules: ["D0D1D2D3D4D50101"],
                    imports: ["A0000000620101 1.0"]
                )
        )
    }

    /// The bytes that a client has really sent are those above.
    @Test func trace() throws {
        let file = Self.empty
        let traces = try String(contentsOf: Vectors.url("client-traces.json"), encoding: .utf8)
        let isThere = traces.contains("C481" + hex([UInt8(file.count)]) + hex(file))
        #expect(isThere)
    }

    @Test func composed() throws {
        let long = [UInt8](repeating: 0xA5, count: 16)
        let many = (0..<255).map { [0xA0, 0, 0, 0, 0x87, UInt8($0)] }
        let block =
            Self.header(long, name: [3, 0x61, 0x62, 0x63]) + Self.applets(many) + Self.component(0x80, [1])
            + Self.component(0x80, [])
        let contents = try Self.read(block)
        #expect(contents.package == hex(long))
        #expect(contents.version == "5.2")
        #expect(contents.modules == many.map(hex))
        #expect(contents.imports == [])
        // A library has no applets.
        #expect(try Self.read(Self.header([1, 2, 3, 4, 5])).modules == [])
        #expect(try Self.read(Self.header([1, 2, 3, 4, 5]) + Self.applets([])).modules == [])
    }

    @Test func unknownFormats() throws {
        var magic = Self.empty
        magic[3] = 0xDF
        var version = Self.empty
        version[8] = 3
        var extended = Self.empty
        extended[9] |= 0x08
        for block in [
            [], [1], [1, 0, 15, 0xDE], octets("504B0304"), magic, version, extended, Array(Self.empty.prefix(9)),
        ] {
            #expect(try Self.read(block) == Contents())
        }
    }

    @Test func malformed() throws {
        let header = Self.header([1, 2, 3, 4, 5])
        let module: [UInt8] = [1, 2, 3, 4, 5, 6]
        let blocks: [[UInt8]] = [
            Array(Self.empty.prefix(10)), Array(Self.empty.dropLast()), Self.empty + [0], Self.empty + [0x80, 0, 1],
            Self.header([1, 2, 3, 4]), Self.header([UInt8](repeating: 1, count: 17)), header + header,
            header + Self.component(3, []), header + Self.component(3, [1]), header + Self.component(3, [0, 0]),
            header + Self.component(3, [2, 6] + module + [0, 0]), header + Self.component(3, [1, 6] + module + [0]),
            header + Self.component(3, [1, 4, 1, 2, 3, 4, 0, 0]), header + Self.applets([module, module]),
            header + Self.applets([module]) + Self.applets([module + [7]]),
            header + Self.component(4, []), header + Self.component(4, [1]), header + Self.component(4, [0, 1]),
            header + Self.component(4, [1, 0, 1, 4, 1, 2, 3, 4]),
        ]
        for block in blocks { #expect(status { _ = try Self.read(block) } == .incorrectData, "\(hex(block))") }
        for count in 10..<Self.empty.count {
            // Where a component ends, so can the block.
            let error = status { _ = try Self.read(Array(Self.empty.prefix(count))) }
            #expect(error == nil || error == .incorrectData)
        }
    }

    @Test(arguments: [UInt64(0x0123_4567_89AB_CDEF), 5])
    func mutated(_ seed: UInt64) throws {
        print("LoadFileContentsTests.mutated: seed \(seed)")
        var generator = FuzzTests.Generator(state: seed)
        for _ in 0..<10_000 {
            var block = generator.next(2) == 0 ? Self.empty : Self.helloWorld
            for _ in 0...generator.next(4) {
                let place = generator.next(2) == 0 ? generator.next(block.count) : generator.next(min(110, block.count))
                switch generator.next(6) {
                case 0: block.remove(at: place)
                case 1: block.insert(UInt8(generator.next(256)), at: place)
                default: block[place] = UInt8(generator.next(256))
                }
            }
            if generator.next(5) == 0 { block.removeLast(generator.next(block.count)) }
            let error = status {
                let contents = try Self.read(block)
                for aid in contents.modules + [contents.package ?? "0000000000"] {
                    #expect((10...32).contains(aid.utf8.count))
                }
            }
            #expect(error == nil || error == .incorrectData, "seed \(seed): \(hex(block))")
        }
    }
}
