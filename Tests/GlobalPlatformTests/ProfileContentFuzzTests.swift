import Card
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// Elements for the registry with random faults: a package is installed as a whole or leaves nothing, and the image
/// stays sound.
@Suite struct ProfileContentFuzzTests {
    /// Every element and member that the card knows.
    private static func elements() -> String {
        let package = ProfilePackages.self
        let template = package.tlv("00B9", "B90F" + "950118" + "800188" + "810110" + "820101" + "830131")
        let groups = ["0070" + "08" + "4206" + "010203040506", template, package.tlv("8113", package.testKey)]
        let issuer = package.instance(FactoryCard.issuer, parameters: "81020370", more: "EF04C8025000EA0480020100")
        let domain = package.domain(
            issuer,
            package.keys(
                package.three("30", "88") + package.key("01", "01", [("80", package.testKey)], counter: "0000000001")
                    + package.key("73", "02", [("A1", String(repeating: "C3", count: 128)), ("A0", "010001")])
            ),
            package.tlv("A3", groups.map { package.tlv("04", $0) }.joined()),
            package.tlv("A4", "D90110")
        )
        let second = package.domain(package.instance("A000000559000002", privileges: "808000"))
        let files = package.tlv(
            "A7",
            package.header + package.tlv("4F", "A000000559000003") + "A00504" + "03B00001" + "810112040100040100"
                + package.tlv("30", package.tlv("80", "A0000000871002FF49FF0589") + "810100820100")
        )
        let file = package.tlv("4F", "A000000559000004") + package.tlv("4F", "A000000559000002") + "C403AABBCC"
        let names = package.tlv("4F", "A00000015141434C") + package.tlv("4F", "A00000015141434C00")
        let instance = names + package.tlv("4F", "A000000559000005") + "820100" + "C900"
        let rules = package.tlv("30", package.tlv("04", "80E290000FF00DE20BE1044F00C100E303D00101"))
        let application = package.tlv(
            "A8",
            package.header + package.tlv("A1", file)
                + package.tlv("A2", package.tlv("30", instance + rules + "B0055F2002AABB"))
        )
        return domain + second + files + application
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func aDamagedPackageIsInstalledOrLeavesNothing(seed: UInt64) throws {
        print("ProfileContentFuzzTests: seed \(seed)")
        var generator = FuzzTests.Generator(state: seed)
        let package = try ProfilePackages.package(Self.elements())
        let start = try ProfilePackages.package().count - 9
        let blank = try FactoryCard(size: 65_536, .t1, FactoryConfiguration())
        let before = [UInt8](UnsafeRawBufferPointer(blank.image))
        #expect(blank.install(package) == "3007A0053003800100")
        #expect(blank.defects == [])
        for round in 0..<60 {
            var damaged = package
            for _ in 0...generator.next(2) {
                let place = start + generator.next(damaged.count - start)
                switch generator.next(5) {
                case 0: damaged[place] = UInt8(generator.next(256))
                case 1: damaged[place] ^= 1 << UInt8(generator.next(8))
                case 2: damaged.remove(at: place)
                case 3: damaged.insert(UInt8(generator.next(256)), at: place)
                // A length, or a value of one octet.
                default: damaged[place] &+= generator.next(2) == 0 ? 1 : 0xFF
                }
            }
            blank.image.copyBytes(from: before)
            let card = try Card(image: blank.image, environment: Environment(seed: [UInt8](repeating: 1, count: 48)))
            blank.card = card
            let step = 1 + generator.next(400)
            let parts = stride(from: 0, to: damaged.count, by: step).map {
                Array(damaged[$0..<min(damaged.count, $0 + step)])
            }
            let result = blank.card.install(profilePackage: parts)
            #expect(blank.defects == [], "seed \(seed), round \(round)")
            guard !result.isInstalled else { continue }
            #expect(hex(result.response).hasSuffix("8100"), "seed \(seed), round \(round)")
            #expect([UInt8](UnsafeRawBufferPointer(blank.image)) == before, "seed \(seed), round \(round)")
        }
    }
}
