import Octets
import Testing

@testable import Trace

/// Contents, from the examples of the standards and of recorded sessions.
@Suite struct DecodingTests {
    @Test(
        arguments: [
            ("EF.ICCID", "98001032547698103214", "ICCID 89000123456789012341"),
            ("EF.IMSI", "080910103254769810", "IMSI 001012345678901"),
            ("EF.AD", "00000002", "mode normal operation, MNC length 2"),
            ("EF.SPN", "01766575696363FFFFFFFFFFFFFFFFFFFF", "name \"veuicc\", display with RPLMN, also in SPDI"),
            ("EF.LOCI", "FFFFFFFF00F110FFFEFF01", "TMSI none, LAI 001-01 FFFE, status not updated"),
            (
                "EF.PSLOCI", "FFFFFFFFFFFFFF00F110FFFEFF01",
                "P-TMSI none, signature none, RAI 001-01 FFFEFF, status not updated"
            ),
            ("EF.ACC", "0004", "access classes 2"),
            ("EF.HPPLMN", "0A", "search period 60 min"),
            ("EF.FPLMN", "00F11062F220FFFFFF", "networks 001-01 262-02"),
            ("EF.PLMNwAcT", "62F22080 80FFFFFF0000", "262-02 UTRAN, GSM"),
            (
                "EF.MSISDN", "766575696363FFFFFFFFFFFFFFFF07912160550510F0FFFFFFFFFFFF",
                "number +12065550010, name \"veuicc\""
            ),
            ("EF.ADN", "8100FFFFFFFFFFFFFFFFFFFFFFFF07912160550510F0FFFFFFFFFFFF", "number +12065550010, name \"\""),
            ("EF.ECC", "11F2FFFF01", "number 112, category police, name none"),
            ("EF.PNN", "430786F6723D3D1E03", "full name \"veuicc\""),
            ("EF.LI", "656E6465FFFF", "languages en de"),
            ("EF.UMPC", "3C3C000000", "maximum consumption 60 mA, start-up time-out 60 x 100 ms, UICC information 00"),
            (
                "EF.DIR", "61144F0CA0000000871002FF49FF058950045553494DFFFF",
                "AID A0000000871002FF49FF0589 (ADF.USIM), label \"USIM\""
            ),
            (
                "EF.ARR", "800101A40683010195010880015AA40683010A9501088401D4A406830101950108FFFF",
                "READ (DELETE child) PIN1, UPDATE (CREATE EF), DEACTIVATE, ACTIVATE, DELETE ADM1, RESIZE FILE PIN1"
            ),
            (
                "EF.ARR", "800102A010A406830101950108A40683018195010880010197009000",
                "UPDATE (CREATE EF) (PIN1 or PIN2), READ (DELETE child) never or always"
            ),
            ("EF.SUCI_Calc_Info", "A0020000", "protection schemes (null scheme)"),
            ("EF.Routing_Indicator", "F0FFFFFF", "routing indicator 0"),
            ("EF.IMPI", "80056140622E63", "IMPI \"a@b.c\""),
            ("EF.IMSI", "FFFFFFFFFFFFFFFFFF", "empty"),
            ("EF.DIR", "61034F01", ""),
        ]
    )
    func files(_ name: String, _ content: String, _ expected: String) throws {
        let octets = try #require(Hex.octets(content))
        #expect(Files.fields(name, octets)?.summary ?? "" == expected)
    }

    /// TS 31.102 clause 4.2.8: service n is bit (n - 1) % 8 of octet (n - 1) / 8.
    @Test func services() throws {
        let fields = try #require(Files.fields("EF.UST", [0x02, 0x00, 0x00, 0x04]))
        #expect(fields[0].value == "2 27")
        #expect(fields[0].fields == [TraceField("service 2", "FDN"), TraceField("service 27", "GSM access")])
    }

    /// TS 23.040: a message in the default alphabet, packed.
    @Test func shortMessage() throws {
        let octets = try #require(Hex.octets("0107912143658709F0040B912143658709F100004221010131000005C8329BFD06FFFF"))
        #expect(
            Files.fields("EF.SMS", octets)?.summary
                == "status received, read, service centre +12345678900, SMS-DELIVER, from +12345678901, "
                + "protocol identifier 00, time 2024-12-10 10:13:00, text \"Hello\""
        )
    }

    /// TS 102 223: the examples that pySim decodes alike.
    @Test(
        arguments: [
            ("D00981030101040202 8182", "REFRESH (UICC reset)"),
            (
                "D00F8103010500820281829904 03090A12",
                "SET UP EVENT LIST, event list location status, data available, "
                    + "channel status, network rejection"
            ),
            (
                "D01C8103014001820281823501033902 05783C030100353E05217F000001",
                "OPEN CHANNEL, transport level UDP client remote, port 53, other address 127.0.0.1"
            ),
            (
                "D61399010382028281 9B01009307 00F1101234ABCD",
                "event download, event list location status, "
                    + "location status normal service"
            ),
        ]
    )
    func toolkit(_ template: String, _ expected: String) throws {
        let octets = try #require(Hex.octets(template))
        let fields = try #require(Toolkit.template(octets))
        #expect(Toolkit.summary(fields) == expected)
    }

    /// What a card says cannot write to the terminal.
    @Test func textIsHarmless() {
        #expect(Text.utf8(Array("a\u{1B}[31m\"\n".utf8)) == #""a\u{1B}[31m\"\n""#)
        #expect(Text.alpha([0x80, 0x00, 0x1B, 0x04, 0x16]) == #""\u{1B}"# + "Ж\"")
        #expect(Text.alpha([0x81, 0x03, 0x08, 0x96, 0x41, 0xB0]) == "\"ЖAа\"".replacing("Ж", with: "\u{416}"))
    }
}
