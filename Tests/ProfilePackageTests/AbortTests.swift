import Octets
import ProfilePackage
import Testing

/// What cannot be installed, and the EUICCResponse that says so: eUICC Profile Package 8.10, 8.11.
@Suite struct AbortTests {
    private static let ok = "3007A0053003800100"

    /// The package is aborted with this response.
    private func aborts(
        _ response: String,
        _ package: [UInt8],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(
            install(package) == Outcome(progress: .aborted, response: response),
            sourceLocation: sourceLocation
        )
    }

    /// The package is installed with this response.
    private func finishes(
        _ response: String,
        _ package: [UInt8],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(
            install(package) == Outcome(progress: .finished, response: response),
            sourceLocation: sourceLocation
        )
    }

    @Test func installsTheSmallestPackage() {
        finishes(AbortTests.ok, Build.package())
    }

    @Test func checksTheVersion() {
        finishes(AbortTests.ok, Build.header(major: 3) + Build.package().dropFirst(Build.header().count))
        aborts("300CA008300680011F8301028100", Build.header(major: 1))
        aborts("300CA008300680011F8301028100", Build.header(major: 4))
    }

    @Test func checksServices() {
        // javacard, multos: runtime-not-supported
        aborts("300CA00830068001078301148100", Build.header(services: "8100 8B00"))
        aborts("300CA00830068001078301148100", Build.header(services: "8C00"))
        // contactless, cave, mbms, cat-tp, suciCalculatorApi, eaka: feature-not-supported
        for service in ["8000", "8600", "8900", "9400", "9800", "9D00", "9F4000"] {
            aborts("300CA008300680010A8301148100", Build.header(services: service))
        }
        let all = "8100 8200 8300 8400 8500 8700 8800 8A00 8D00 8E00 8F00 9000 9100 9200 9300 9500 9600 9700"
        finishes(AbortTests.ok, Build.header(services: all) + Build.package().dropFirst(Build.header().count))
    }

    @Test(arguments: ["TS48v1_A", "TS48v1_B"]) func refusesJavaCardProfiles(name: String) throws {
        aborts("300CA00830068001078301368100", try Vectors.package(name))
    }

    @Test func checksTemplatesOfTheHeader() {
        aborts("300CA00830068001098301188100", Build.header(templates: [Build.template(19)]))
        aborts("300CA00830068001098301188100", Build.header(templates: [Build.template(5, 9)]))
    }

    @Test func checksTheRestOfTheHeader() {
        // eUICC-Mandatory-AIDs: lib-not-supported
        aborts("300CA00830068001088301228100", Build.header(rest: hex("A80D 300B 8005A000000001 81020100")))
        // iotOptions: feature-not-supported
        aborts("300CA008300680010A8301228100", Build.header(rest: hex("A909 800700000000000000")))
        // an unknown member: invalid-parameter, always an error here
        aborts("300CA00830068001068301228100", Build.header(rest: hex("8A00")))
        // no ICCID
        aborts("300CA00830068001058301088100", hex("A006 800102 810103"))
    }

    @Test func checksTheOrder() {
        aborts("300FA00B300980010581011F8301028100", Build.end())
        aborts("300FA00B30098001058101018301028100", Build.mf())
        aborts("300CA00830068001058301008100", Build.header() + Build.header())
        // the end without an MF
        aborts("300FA00B300980010581011F8301028100", Build.header() + Build.end())
        // a second MF
        aborts("300FA00B30098001058101018301028100", Build.header() + Build.mf() + Build.mf())
        // optional files without an application
        aborts(
            "300FA00B30098001058101098301028100",
            Build.package(Build.files(0xB4, 9, Build.template(5), tlv(0xA2, [])))
        )
        // parameters without an application
        aborts(
            "300FA00B30098001058101098301028100",
            Build.package(tlv(0xA5, Build.head(9), hex("8108 0000000000000000")))
        )
    }

    @Test func refusesWhatFollowsTheEnd() {
        aborts("300CA00830068001058301008100", Build.package() + [0x00])
        var target = MemoryTarget()
        var installer = ProfileInstaller()
        #expect(Build.package().withView { installer.push($0, to: &target) } == .finished)
        #expect([0x00].withView { installer.push($0, to: &target) } == .aborted)
        #expect(installer.responseText == "300CA00830068001058301008100")
    }

    @Test func refusesAPackageThatIsCut() {
        aborts("300CA00830068001058301008100", Build.package().dropLast())
        aborts("300CA00830068001058301008100", Build.header())
    }

    @Test func checksPINs() {
        let body = { (elements: [UInt8]) in Build.header() + Build.mf() + elements + Build.end() }
        // the PIN status template of the MF names 01 and 0A: pin-code-missing
        aborts("300FA00B300980010B81011F8301008100", body(Build.pins(3, [1])))
        // that of the ADF names 81, which neither it nor the MF has
        aborts("300FA00B300980010B81011F8301008100", Build.package(Build.usim(pins: "810A")))
        finishes(AbortTests.ok, Build.package(Build.usim(pins: "810A"), Build.pins(5, [0x81])))
        // an unblocking code that is not defined
        aborts("300FA00B300980010B8101038301098100", body(Build.pins(3, [1, 10], unblocking: 1)))
        // local PINs in the MF, global ones in an application; one twice; too many left
        aborts("300FA00B30098001038101038301098100", body(Build.pins(3, [1, 10, 0x81])))
        aborts("300FA00B30098001038101058301098100", Build.package(Build.usim(), Build.pins(5, [1])))
        aborts("300FA00B30098001038101038301098100", body(Build.pins(3, [1, 1])))
        aborts(
            "300FA00B30098001038101038301098100",
            body(
                tlv(
                    0xA2,
                    Build.head(3),
                    tlv(0xA1, tlv(0xA0, tlv(0x30, hex("800101 8108 30303030FFFFFFFF 840134"))))
                )
            )
        )
        // a second element for the same directory
        aborts(
            "300FA00B30098001058101068301028100",
            Build.package(Build.usim(), Build.pins(5, [0x81]), Build.pins(6, [0x82]))
        )
    }

    @Test func checksTemplates() {
        let unknown = Build.template(4, 7)
        // template-not-supported: an error if mandated, else the files and what belongs to them are left out
        aborts("300FA00B30098001098101048301098100", Build.package(Build.usim(version: unknown)))
        let gsmAccess = Build.files(0xB8, 5, Build.template(7), mandated: false, tlv(0xA2, []))
        finishes(
            "3017A015300680010981010430068001098101053003800100",
            Build.package(Build.usim(mandated: false, version: unknown), gsmAccess)
        )
        // without an MF nothing is left
        aborts(
            "3017A0133006800109810101300980010981011F8301008100",
            Build.header() + Build.files(0xB0, 1, Build.template(1, 9), mandated: false) + Build.end()
        )
        // a template of another element
        aborts("300FA00B30098001098101048301098100", Build.package(Build.usim(version: Build.template(8))))
    }

    @Test func checksMembers() {
        let gsmAccess = { (members: [UInt8], mandated: Bool) in
            Build.package(
                Build.usim(),
                Build.files(0xB8, 9, Build.template(7), mandated: mandated, tlv(0xA2, []), members)
            )
        }
        // a member that the template does not know: invalid-parameter, an error if mandated
        aborts("300FA00B30098001068101098301138100", gsmAccess(hex("A700"), true))
        finishes("300FA00D30068001068101093003800100", gsmAccess(hex("A700"), false))
        // one that this version of the template does not know: EF.URSP in DF.5GS of version 1
        aborts(
            "300FA00B30098001068101098301138100",
            Build.package(Build.usim(), Build.files(0xBC, 9, Build.template(13), tlv(0xA2, []), hex("AD00")))
        )
        // an unknown element of a file
        aborts("300FA00B30098001068101098301158100", gsmAccess(hex("A302 8500"), true))
        finishes("300FA00D30068001068101093003800100", gsmAccess(hex("A302 8500"), false))
        // members in another order
        aborts("300FA00B30098001058101098301158100", gsmAccess(hex("A400 A300"), true))
        // doNotCreate where nothing is created by default
        aborts("300FA00B30098001038101098301158100", gsmAccess(hex("A302 8000"), true))
    }

    @Test func checksContent() {
        let gsmAccess = { (members: String) in
            Build.package(Build.usim(), Build.files(0xB8, 9, Build.template(7), tlv(0xA2, []), hex(members)))
        }
        // 10 octets, or an offset of 10, in 9: bad-values
        aborts("300FA00B30098001038101098301158100", gsmAccess("A30C 830A 00000000000000000000"))
        aborts("300FA00B30098001038101098301158100", gsmAccess("A303 82010A"))
        finishes(AbortTests.ok, gsmAccess("A30B 8309 000000000000000000"))
        // a file in a directory that the element does not create
        aborts(
            "300FA00B30098001038101098301118100",
            Build.package(Build.usim(), Build.files(0xB8, 9, Build.template(7), hex("A300")))
        )
        // a record file whose size is no multiple of the record length
        aborts(
            "300FA00B300980010381010983010D8100",
            Build.package(Build.management(9, Build.create("820442210004 83026F01 8B032F0601 800106")))
        )
        // content without a file
        aborts("300FA00B300980010381010983010D8100", Build.package(Build.management(9, Build.content("00"))))
    }

    @Test func checksPaths() {
        // file not found: 6A82 as a number
        aborts(
            "3010A00C300A80026A8281010983010D8100",
            Build.package(Build.management(9, Build.select("7F7F")))
        )
        aborts(
            "3010A00C300A80026A8281010983010D8100",
            Build.package(Build.management(9, Build.create("82024121 83026F01 8B032F0601 C7026F77")))
        )
    }

    @Test func reportsTheFaultsOfTheCard() {
        let package = Build.package()
        let faults: [(StatusWord, String)] = [
            (.notEnoughMemory, "300FA00B30098001048101018301138100"),
            (.memoryProblem, "300FA00B30098001028101018301138100"),
            (.fileExists, "3010A00C300A80026A898101018301138100"),
            (StatusWord(0x9484), "3011A00D300B80030094848101018301138100"),
        ]
        for (fault, response) in faults {
            var target = MemoryTarget()
            target.fault = fault
            #expect(install(package, into: &target) == Outcome(progress: .aborted, response: response))
        }
        var target = MemoryTarget()
        target.room = 30
        #expect(
            install(package, into: &target)
                == Outcome(progress: .aborted, response: "300FA00B300980010481010183013B8100")
        )
    }

    @Test func passesOverWhatItDoesNotKnow() {
        // nonStandard: pe-not-supported
        let nonStandard = { (mandated: Bool) in
            tlv(0xA9, Build.head(9, mandated: mandated), hex("8103 2A0304 8203 010203"))
        }
        aborts("300FA00B30098001018101098301028100", Build.package(nonStandard(true)))
        finishes("300FA00D30068001018101093003800100", Build.package(nonStandard(false)))
        // elements of later editions, PE-Dummy
        finishes("300FA00D30068001018101093003800100", Build.package(tlv(0xBF22, Build.head(9, mandated: false))))
        aborts("300FA00B30098001018101098301038100", Build.package(tlv(0xBF22, Build.head(9))))
        finishes("300CA00A30038001013003800100", Build.package(hex("AB00")))
        finishes("300CA00A30038001013003800100", Build.package(hex("AB02 8100")))
        // PE-IoT: feature-not-supported
        aborts("300FA00B300980010A8101098301038100", Build.package(tlv(0xBF20, Build.head(9))))
        finishes(
            "300FA00D300680010A8101093003800100",
            Build.package(tlv(0xBF21, Build.head(9, mandated: false)))
        )
        // security domains, RFM and applications where there is no registry, even if they are mandated
        for element in [tlv(0xA6, Build.head(9)), tlv(0xA7, Build.head(9)), tlv(0xA8, Build.head(9))] {
            var target = MemoryTarget()
            target.hasSecurityDomains = false
            let outcome = install(Build.package(element), into: &target)
            #expect(outcome == Outcome(progress: .finished, response: "300FA00D30068001018101093003800100"))
        }
        // their objects must be DER all the same
        var target = MemoryTarget()
        target.hasSecurityDomains = false
        let outcome = install(Build.package(tlv(0xA6, Build.head(9), hex("30028080"))), into: &target)
        #expect(outcome.response == "3017A0133006800101810109300980010581010983010B8100")
    }

    @Test func checksAuthenticationParameters() {
        let parameters = { (algorithm: String) in
            Build.package(Build.usim(), tlv(0xA4, Build.head(9), tlv(0xA1, tlv(0xA1, hex(algorithm)))))
        }
        let key = "0000000000000000 0000000000000000"
        finishes(AbortTests.ok, parameters("800101 810100 8210\(key) 8310\(key)"))
        finishes(AbortTests.ok, parameters("800102 810100 8210\(key) 8320\(key)\(key)"))
        finishes(AbortTests.ok, parameters("800103 810102 8210\(key) 8310\(key)"))
        // another algorithm: feature-not-supported
        aborts("300FA00B300980010A8101098301098100", parameters("800104 810100 8210\(key) 8310\(key)"))
        // a key of the wrong length: bad-values
        aborts("300FA00B30098001038101098301098100", parameters("800101 810100 8208 0000000000000000 8310\(key)"))
        // once for each application
        let once = tlv(0xA4, Build.head(9), tlv(0xA1, tlv(0xA1, hex("800101 810100 8210\(key) 8310\(key)"))))
        #expect(install(Build.package(Build.usim(), once, once)).progress == .aborted)
    }

    @Test func keepsAtMostSomeWarnings() {
        let unknown = tlv(0xBF22, Build.head(9, mandated: false))
        let warnings = [[UInt8]](repeating: unknown, count: 100).flatMap { $0 }
        let line = "3006800101810109"
        finishes(
            "30820109A0820105" + String(repeating: line, count: 32) + "3003800100",
            Build.package(warnings)
        )
    }

    @Test func skipsMBMSFiles() {
        // EF.MSK: feature-not-supported, additional information MBMS (2). EF.GBABP is a file like any other.
        finishes(
            "3012A010300980010A8101098201023003800100",
            Build.package(
                Build.usim(),
                Build.files(
                    0xB4,
                    9,
                    Build.template(5),
                    tlv(0xBF37, Build.fcp(hex("800110"))),
                    tlv(0xBF38, tlv(0x83, [0]))
                )
            )
        )
    }
}
