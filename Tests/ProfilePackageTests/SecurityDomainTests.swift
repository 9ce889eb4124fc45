import Octets
import ProfilePackage
import Testing

/// PE-SecurityDomain, PE-RFM and PE-Application: eUICC Profile Package 8.6 to 8.8.
@Suite struct SecurityDomainTests {
    private static let ok = "3007A0053003800100"

    /// TS.48 v7.0: elements 26 to 30 of its text form.
    @Test func handsOverThePackagesOfTS48() throws {
        var target = MemoryTarget()
        _ = install(try Vectors.package(InstallationTests.latest[0]), into: &target)
        let key = "000102030405060708090A0B0C0D0E0F"
        let parameters = "810280008201F08301F08701F0"
        let toolkit = "8010010000000002010206B2010000000000"
        let identifiers = "06072A864886FC6B01600B06092A864886FC6B020202630906072A864886FC6B03640B06092A864886FC6B048000"
        let expected: [String] = [
            "domain A0000001515350/A000000151535041/A000000151000000/82DC00/\(parameters)//\(toolkit)/ 0F in none",
            "key 0101180000 80:\(key) in 0",
            "key 0102140000 80:\(key) in 0",
            "key 0103480000 80:\(key) in 0",
            "key 0201180000 88:\(key) in 0",
            "key 0202140000 88:\(key) in 0",
            "key 0203480000 88:\(key) in 0",
            "data in 0 0070326630732E\(identifiers)",
            "data end in 0",
            "files A00000055910100001/B00120/00/00/// 2 in 0",
            "files A00000055910100002/B00140/00/00/A0000000871002FF49FF0589/00/00 2 in 0",
            "files A00000055910100003/B00141/00/00/A0000000871004FF49FF0589/00/00 2 in 0",
            "files A00000055910100004/B00142/00/00/A0000003431002F310FFFF89020000FF/00/00 2 in 0",
            "complete",
        ]
        #expect(target.registry.calls == expected)
    }

    @Test func readsKeys() {
        let (response, calls) = Build.calls(
            Build.keys(
                // Everything that can stand there; what has defaults without it; two components.
                "95020880 960102 820111 830101 85050000000007 3010 300E 800188 8606 010203040506 870108",
                "950118 820101 830130 300C 300A 800180 8605 0102030405",
                "950180 820101 830173 3012 3008 8001B0 8603 041122 3006 8001F0 860100"
            )
        )
        #expect(response == Self.ok)
        let expected: [String] = [
            "key 0111088002 from 7 88:010203040506 in 0", "key 3001180000 80:0102030405 in 0",
            "key 7301800000 B0:041122 F0:00 in 0",
        ]
        #expect(Array(calls.dropFirst().dropLast()) == expected)
    }

    @Test func placesSecurityDomains() {
        let names = "4F07A0000001515350 4F08A000000151535041 "
        let second = names + "4F08A000000559000001 8201A0 83010F C900 EF04 C8020100 EA05 8003112233 B004 5F2001AA"
        let third = names + "4F08A000000559000002 4F08A000000559000001 820180 C900"
        let (response, calls) = Build.calls(
            Build.domain(Build.instance, "A403D90120") + Build.domain(second) + Build.domain(third)
        )
        let module = "A0000001515350/A000000151535041"
        #expect(response == Self.ok)
        let expected: [String] = [
            "restrict 20 in 0", "domain \(module)/A000000559000001/A0//C8020100/8003112233/AA 0F in 0",
            "domain \(module)/A000000559000002/80//// 07 in 1", "complete",
        ]
        #expect(Array(calls.dropFirst()) == expected)
    }

    @Test func loadsAndInstallsApplications() {
        let file = "4F05A000000601 4F08A000000151000000 C6020100 C7021000 C8022000 C10401020304 C403AABBCC"
        let instance =
            "4F05A000000601 4F06A00000060101 4F06A00000060102 820100 C9020102 300B 04038011AA 040480220000 B004 5F2001AA"
        let application = Build.application(tlv(0xA1, hex(file)) + tlv(0xA2, tlv(0x30, hex(instance))))
        let (response, calls) = Build.calls(Build.domain() + application, modules: ["A00000060101"])
        #expect(response == Self.ok)
        let expected: [String] = [
            "load A000000601/01020304/0100/1000/2000 3 in 0", "block AABBCC", "block end",
            "application A000000601/A00000060101/A00000060102/00/0102/// 07 in 0", "process 8011AA",
            "process 80220000", "provider AA", "complete",
        ]
        #expect(Array(calls.dropFirst()) == expected)
    }

    /// 8.7: the card lacks the runtime environment of an application.
    @Test(arguments: [true, false]) func answersForUnknownModules(isMandated: Bool) {
        let instance = "4F05A000000601 4F06A00000060101 4F06A00000060102 820100 C900 3005 04038011AA"
        let application = Build.application(tlv(0xA2, tlv(0x30, hex(instance))), mandated: isMandated)
        let (response, calls) = Build.calls(Build.domain() + application)
        // The offset is that of processData.
        let aborted = "300FA00B300980010781011C8301298100"
        #expect(response == (isMandated ? aborted : "300FA00D300680010781011C3003800100"))
        #expect(calls.count == (isMandated ? 1 : 2))
    }

    @Test func registersRemoteFileManagement() {
        let application = "3011 8007A0000000871002 81020210 82020220"
        let (response, calls) = Build.calls(
            Build.domain() + Build.rfm("4F05A000000001 4F08A000000151000000 810116 04020200 0401FF")
                + Build.rfm("4F05A000000002 A00A 0403B00001 0403B00002 810112 040100 040100" + application)
        )
        #expect(response == Self.ok)
        let expected: [String] = [
            "files A000000001//0200/FF/// 22 in 0",
            "files A000000002/B00001B00002/00/00/A0000000871002/0210/0220 18 in 0", "complete",
        ]
        #expect(Array(calls.dropFirst()) == expected)
    }

    /// What is unknown in an element that is not mandated is left out, with a warning.
    @Test func passesOverWhatIsUnknown() {
        let (response, calls) = Build.calls(Build.domain(Build.instance, "A600", mandated: false))
        #expect(response == "300FA00D300680010681011A3003800100")
        #expect(calls.count == 2)
    }
}
