import Octets
import ProfilePackage
import Testing

/// What is wrong in elements for the registry, and the status that says so: eUICC Profile Package 8.11.
@Suite struct ContentFaultTests {
    struct Fault {
        let name: String
        let element: [UInt8]
        let status: UInt8

        init(_ name: String, _ status: UInt8, _ element: [UInt8]) {
            self.name = name
            self.element = element
            self.status = status
        }
    }

    private static let aids = "4F05A000000001 4F05A000000001 4F05A000000001 "
    private static let component = " 300B 3009 800188 8604 01020304"
    private static let first = Build.domain()

    private static func instance(_ members: String) -> [UInt8] { Build.domain(members) }
    private static func more(_ members: String) -> [UInt8] { Build.domain(Build.instance + members) }
    private static func behind(_ members: String) -> [UInt8] { Build.domain(Build.instance, members) }
    private static func rfm(_ members: String) -> [UInt8] { first + Build.rfm(members) }
    private static func application(_ members: String) -> [UInt8] { first + Build.application(hex(members)) }

    /// Mandated elements. Status: 3 bad-values, 5 invalid-request-format, 6 invalid-parameter, 10 feature-not-supported.
    static let domains: [Fault] = [
        Fault("no instance", 5, tlv(0xA6, Build.head(26))),
        Fault("keys before the instance", 5, tlv(0xA6, Build.head(26), hex("A200"))),
        Fault("the instance twice", 5, behind("A100")),
        Fault("members in another order", 5, behind("A300 A200")),
        Fault("an unknown member", 6, behind("A600")),
        Fault("two AIDs", 5, instance("4F05A000000001 4F05A000000001 820180 C900")),
        Fault("a short AID", 3, instance("4F04A0000000 4F05A000000001 4F05A000000001 820180 C900")),
        Fault("no privileges", 5, instance(aids + "C900")),
        Fault("two octets of privileges", 3, instance(aids + "82028000 C900")),
        Fault("two octets of state", 3, instance(aids + "820180 83020F00 C900")),
        Fault("no C9", 5, instance(aids + "820180")),
        Fault("an unknown member of the instance", 6, more("8500")),
        Fault("an unknown system parameter", 6, more("EF02C100")),
        Fault("a contactless parameter", 10, more("EF02D900")),
        Fault("an unknown toolkit parameter", 6, more("EA028500")),
        Fault("a template without identifier", 5, more("B000")),
        Fault("processData", 6, more("3000")),
        Fault("the first one below another", 6, instance(aids + "4F05A000000002 820180 C900")),
        Fault("one below what is not there", 5, first + instance(aids + "4F05A000000002 820180 C900")),
        Fault("a key list of other things", 5, behind("A2023100")),
        Fault("a key without usage", 5, Build.keys("820101 830101" + component)),
        Fault("a key without components", 5, Build.keys("950118 820101 830101")),
        Fault("a component without value", 5, Build.keys("950118 820101 830101 3005 3003 800188")),
        Fault("a usage of three octets", 3, Build.keys("9503180000 820101 830101" + component)),
        Fault("an identifier of two octets", 3, Build.keys("950118 82020101 830101" + component)),
        Fault("a counter of six octets", 3, Build.keys("950118 820101 830101 8506000000000001" + component)),
        Fault("an unknown member of a key", 6, Build.keys("950118 820101 830101 8600" + component)),
        Fault("a MAC of four octets", 10, Build.keys("950118 820101 830101 300E 300C 800188 8604 01020304 870104")),
        Fault("data of other things", 5, behind("A3023000")),
        Fault("two octets of restrictions", 3, behind("A404 D9020000")),
        Fault("contactless protocol parameters", 10, behind("A402 0400")),
        Fault("unknown data for OPEN", 6, behind("A402 DA00")),
        Fault("CAT_TP", 10, behind("A508 80020100 81020100")),
        Fault("restrictions of a second one", 6, first + Build.domain(aids + "820180 C900", "A403D90120")),
    ]

    static let others: [Fault] = [
        Fault("RFM before the security domain", 5, Build.rfm("4F05A000000001 810102 040100 040100")),
        Fault("RFM without level", 5, rfm("4F05A000000001 040100 040100")),
        Fault("RFM without the second access domain", 5, rfm("4F05A000000001 810102 040100")),
        Fault("RFM without AID", 5, rfm("810102 040100 040100")),
        Fault("a level of two octets", 3, rfm("4F05A000000001 81020202 040100 040100")),
        Fault("a reference of two octets", 3, rfm("4F05A000000001 A004 04020000 810102 040100 040100")),
        Fault("a list without references", 3, rfm("4F05A000000001 A000 810102 040100 040100")),
        Fault("an empty access domain", 3, rfm("4F05A000000001 810102 0400 040100")),
        Fault("an unknown member of RFM", 6, rfm("4F05A000000001 810102 8200 040100 040100")),
        Fault("access without AID", 5, rfm("4F05A000000001 810102 040100 040100 3006 810100 820100")),
        Fault(
            "an ADF that is not there",
            5,
            rfm("4F05A000000001 810102 040100 040100 300D 8005A000000099 810100 820100")
        ),
        Fault("RFM below what is not there", 5, rfm("4F05A000000001 4F05A000000009 810102 040100 040100")),
        Fault("an application before the security domain", 5, Build.application(tlv(0xA2, tlv(0x30, hex(aids))))),
        Fault("a load file without block", 5, application("A107 4F05A000000601")),
        Fault("a load file without AID", 5, application("A105 C403AABBCC")),
        Fault("a limit behind the block", 5, application("A10E 4F05A000000601 C401AA C6020100")),
        Fault("an unknown member of a load file", 6, application("A10E 4F05A000000601 C5020100 C401AA")),
        Fault("instances before the load file", 5, application("A200 A100")),
        Fault("an instance of two AIDs", 5, application("A210 300E 4F05A000000601 4F05A000000601")),
        Fault("an unknown member of an application", 6, application("A300")),
    ]

    @Test func abortsWhatIsWrong() {
        for fault in Self.domains + Self.others {
            let response = Build.calls(fault.element).response
            #expect(response.hasSuffix("8100"), "\(fault.name): \(response)")
            #expect(response.contains("8001" + Hex.string([fault.status]) + "8101"), "\(fault.name): \(response)")
        }
    }

    /// 8.6.2: only PERSONALIZED security domains take applications.
    @Test func needsPersonalizedDomains() {
        let rfm = Build.rfm("4F05A000000002 810102 040100 040100")
        let response = Build.calls(Build.domain(Self.aids + "820180 C900") + rfm).response
        #expect(response.contains("80010681011B") && response.hasSuffix("8100"), "\(response)")
    }

    @Test func handsOnWhatTheCardAnswers() {
        let answers: [(StatusWord, String)] = [
            (.notEnoughMemory, "800104"), (.incorrectData, "800103"), (.conditionsNotSatisfied, "800103"),
            (.functionNotSupported, "80010A"), (.referencedDataNotFound, "80026A88"),
        ]
        for (fault, status) in answers {
            var target = MemoryTarget()
            let start = Array(Build.package(Build.usim()).dropLast(Build.end().count))
            var installer = ProfileInstaller()
            #expect(start.withView { installer.push($0, to: &target) } == .moreExpected)
            target.fault = fault
            #expect(Self.first.withView { installer.push($0, to: &target) } == .aborted)
            #expect(installer.responseText.contains(status), "\(installer.responseText)")
        }
    }
}
