import CardManagement
import Testing

/// Key files, and what is said where they are wrong.
@Suite struct KeyFileTests {
    @Test func keySets() throws {
        let keys = try KeyFile.keys(
            """
            # The keys of the laboratory.
            version   30
            protocol  scp03
            enc       404142434445464748494A4B4C4D4E4F
            # A comment does not end the block.
            mac       404142434445464748494A4B4C4D4E4F  # nor here
            dek       40414243 44454647 48494A4B 4C4D4E4F


            version 20
            protocol SCP02
            i 15
            key 404142434445464748494A4B4C4D4E4F

            version 03
            protocol scp11b
            mode s16
            """
        )
        #expect(keys.map(\.version) == [0x30, 0x20, 0x03])
        #expect(keys.map(\.channel) == [.scp03, .scp02, .scp11b])
        #expect(keys.map(\.i) == [nil, 0x15, nil])
    }

    @Test(arguments: [
        ("", "1: there is no key set"),
        ("version 30", "1: the key set has no enc"),
        ("version 3", "1: version: hexadecimal digits are needed"),
        ("version 3031\nkey 404142434445464748494A4B4C4D4E4F", "1: version: two hexadecimal digits are needed"),
        ("\nkvn 30", "2: there is no \"kvn\""),
        ("key 40\nkey 41", "2: key stands twice"),
        ("protocol scp01", "1: protocol: scp02, scp03, scp11a, scp11b, scp11c or scp80 is needed"),
        ("protocol scp02\nkey 404142434445464748494A4B4C4D4E4F5051525354555657", "2: enc: 16 octets are needed"),
        ("version 30\nkey 4041", "2: enc: 16, 24 or 32 octets, in all three keys, are needed"),
        ("protocol scp11a\nprivate 01", "2: private: 32 octets are needed"),
        ("protocol scp11b\ncurve p384", "2: curve: one of brainpoolp256r1, frp256v1, p256 is needed"),
        ("protocol scp11b\ncard-key 0401", "2: card-key: no point of the curve"),
        ("protocol scp03\nmode s8", "2: mode is for SCP11 alone"),
        ("version 30\nkic 00", "2: kic is for SCP80 alone"),
    ])
    func errors(text: String, expected: String) {
        let error = #expect(throws: KeyFileError.self) { try KeyFile.keys(text) }
        #expect(error?.description == expected)
    }

    @Test func keysOfPackets() throws {
        let text = """
            version 30
            key 404142434445464748494A4B4C4D4E4F

            version 01
            protocol scp80
            kic 404142434445464748494A4B4C4D4E4F
            kid 505152535455565758595A5B5C5D5E5F5051525354555657

            version 0F
            protocol SCP80
            algorithm des
            kic 404142434445464748494A4B4C4D4E4F
            kid 505152535455565758595A5B5C5D5E5F5051525354555657
            """
        #expect(try KeyFile.keys(text).map(\.version) == [0x30])
        let keys = try KeyFile.packetKeys(text)
        #expect(keys.map(\.version) == [0x01, 0x0F])
        #expect(keys.map(\.kic) == [0x12, 0xF5])
        #expect(keys.map(\.kid) == [0x12, 0xF9])
    }

    @Test(arguments: [
        ("protocol scp80\nkey 404142434445464748494A4B4C4D4E4F", "1: version: SCP80 needs one of 01 to 0F"),
        ("protocol scp80\nversion 30", "2: version: SCP80 needs one of 01 to 0F"),
        ("protocol scp80\nversion 01\nkic 404142434445464748494A4B4C4D4E4F", "1: the key set has no kid"),
        ("protocol scp80\nversion 01\nkey 4041", "3: kic: 16, 24 or 32 octets are needed"),
        ("protocol scp80\nversion 01\nalgorithm des\nkey 4041", "4: kic: 16 or 24 octets are needed"),
        ("protocol scp80\nversion 01\nalgorithm rsa", "3: algorithm: one of aes, des is needed"),
        ("protocol scp80\nversion 01\ndek 00", "3: dek is not for SCP80"),
    ])
    func errorsOfPacketKeys(text: String, expected: String) {
        let error = #expect(throws: KeyFileError.self) { try KeyFile.packetKeys(text) }
        #expect(error?.description == expected)
    }
}
