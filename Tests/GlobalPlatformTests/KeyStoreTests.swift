import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform

@Suite struct KeyStoreTests {
    /// docs/memory-image.md section 7.7.
    @Test func layout() throws {
        let card = try TestDomain()
        try card.put(0x30, .aes, threeKeys(0x40))
        let set = try #require(card.keySet(0x30))
        let length = card.uicc.memory.length(of: set.reference)
        let content = try card.uicc.memory.withContent(set.reference, at: 0, count: length) {
            (view) throws(StatusWord) in view.array
        }
        let domain = [0, 0, UInt8(card.domain.page >> 8), UInt8(card.domain.page & 0xFF)]
        var expected = domain + octets("FFFFFFFF 30 03 70 00 00000000 FF FFFFFF")
        for (number, key) in threeKeys(0x40).enumerated() {
            expected += [UInt8(number + 1)] + octets("0000 FF 0013 88 0010") + key
        }
        #expect(hex(content) == hex(expected))
        let owners = (card.uicc.memory.owner(of: set.reference), card.uicc.memory.owner(of: card.domain))
        #expect(owners.0 == owners.1)
        let content2 = RegistryEntry(card.domain, in: card.uicc.memory)?.content
        #expect(content2 == set.reference)
    }

    /// UICC Configuration: what keys are for follows from their version, otherwise from their types.
    @Test func protocols() throws {
        let card = try TestDomain()
        let des = threeKeys(0x40)
        func channel(_ version: UInt8) -> SecureChannelProtocol? {
            card.keySet(version)?.secureChannel
        }
        var options = SecureChannelOptions()
        options.scp02 = try #require(SCP02Options(0x15))
        options.scp03 = try #require(SCP03Options(0x30))
        try card.put(0x01, .aes, des, options: options)
        try card.put(0x20, .des, des, options: options)
        try card.put(0x30, .aes, des, options: options)
        try card.put(0x40, .tlsPSK, [des[0]], options: options)
        try card.put(0x11, .des, des, options: options)
        try card.put(0x50, .des, des, options: options)
        try card.put(0x51, .aes, des)
        #expect(channel(0x01) == nil && channel(0x40) == nil && channel(0x11) == nil)
        #expect(channel(0x20) == .scp02(options.scp02))
        #expect(channel(0x30) == .scp03(options.scp03))
        #expect(channel(0x50) == .scp02(options.scp02))
        #expect(channel(0x51) == .scp03(.common))
        #expect(card.versions == [0x01, 0x20, 0x30, 0x40, 0x11, 0x50, 0x51])
        #expect(card.defaultVersion == 0x20)
        // Keys that the protocol of the version does not take.
        #expect(status { () throws(StatusWord) in try card.put(0x21, .aes, des) } == .incorrectData)
        #expect(status { () throws(StatusWord) in try card.put(0x31, .des, des) } == .incorrectData)
        #expect(
            status { () throws(StatusWord) in try card.put(0x32, .aes, [des[0], des[1] + des[2]]) } == .incorrectData
        )
        // One by one: a secure channel when all are there.
        for number in 0..<3 {
            #expect(channel(0x33) == nil)
            try card.put(0x33, .aes, [des[number]], from: UInt8(number + 1))
        }
        #expect(channel(0x33) == .scp03(.common))
        try card.delete(identifier: 2, version: 0x33)
        #expect(channel(0x33) == nil)
        // SCP11 whatever the version.
        try card.put(0x03, .eccPrivate, [des[0] + des[1]], from: 0x11)
        #expect(channel(0x03) == .scp11(.s8))
        #expect(status { () throws(StatusWord) in try card.put(0x03, .aes, [des[0]]) } == .incorrectData)
    }

    @Test func initialKeys() throws {
        let card = try TestDomain()
        try card.put(0xFF, .aes, threeKeys(0x40))
        try card.put(0x40, .tlsPSK, [threeKeys(0x10)[0]])
        try card.put(0x31, .aes, [threeKeys(0x80)[0]])
        #expect(card.versions == [0xFF, 0x40, 0x31])
        #expect(card.defaultVersion == 0xFF)
        try card.put(0x31, .aes, Array(threeKeys(0x80)[1...]), from: 2)
        #expect(card.versions == [0x40, 0x31])
        #expect(card.defaultVersion == 0x31)
        #expect(!card.holds(threeKeys(0x40)[0]))
    }

    @Test func replacement() throws {
        let card = try TestDomain()
        let old = threeKeys(0x40)
        let new = threeKeys(0x90)
        try card.put(0x30, .aes, old)
        try card.put(0x20, .des, old)
        try card.withKeys { (keys) throws(StatusWord) in
            try keys.setSequenceCounter(5, of: 0x30)
            try keys.setSequenceCounter(6, of: 0x20)
            try keys.countAuthentication(with: 0x30)
        }
        // One key: SCP03 counts on, SCP02 begins anew.
        try card.put(0x30, .aes, [new[2]], from: 3, .replacing(0x30))
        try card.put(0x20, .des, [new[2]], from: 3, .replacing(0x20))
        var counters = try card.withKeys { (keys) throws(StatusWord) in
            (try keys.sequenceCounter(of: 0x30), try keys.sequenceCounter(of: 0x20))
        }
        #expect(counters == (5, 0))
        #expect(card.keySet(0x30)?.failedAuthentications == 0)
        try card.put(0x30, .aes, Array(new[..<2]), .replacing(0x30))
        counters = try card.withKeys { (keys) throws(StatusWord) in
            (try keys.sequenceCounter(of: 0x30), try keys.sequenceCounter(of: 0x20))
        }
        #expect(counters == (0, 0))
        for number in 0..<3 { #expect(card.key(0x30, UInt8(number + 1)) == new[number]) }
        // Another version in its place in the list.
        try card.put(0x31, .aes, old, .replacing(0x30))
        #expect(card.versions == [0x31, 0x20])
        // What cannot be replaced.
        #expect(
            status { () throws(StatusWord) in try card.put(0x31, .aes, old, .replacing(0x30)) }
                == .referencedDataNotFound
        )
        #expect(
            status { () throws(StatusWord) in try card.put(0x31, .aes, [old[0]], from: 4, .replacing(0x31)) }
                == .referencedDataNotFound
        )
        #expect(status { () throws(StatusWord) in try card.put(0x31, .des, old, .replacing(0x31)) } == .incorrectData)
        #expect(
            status { () throws(StatusWord) in try card.put(0x31, .aes, [old[0] + old[1]], .replacing(0x31)) }
                == .incorrectData
        )
        #expect(status { () throws(StatusWord) in try card.put(0x31, .aes, old) } == .conditionsNotSatisfied)
        #expect(
            status { () throws(StatusWord) in try card.put(0x20, .aes, old, .replacing(0x31)) }
                == .conditionsNotSatisfied
        )
        #expect(card.versions == [0x31, 0x20])
    }

    /// The octets of keys that go are nowhere in the image.
    @Test func deletedKeysAreErased() throws {
        let card = try TestDomain(isIssuer: false)
        let keys = threeKeys(0x40)
        try card.put(0x30, .aes, keys)
        try card.put(0x31, .aes, threeKeys(0x90))
        for key in keys { #expect(card.holds(key)) }
        try card.delete(identifier: 2, version: 0x30)
        #expect(!card.holds(keys[1]) && card.holds(keys[0]) && card.holds(keys[2]))
        #expect(card.key(0x30, 3) == keys[2])
        try card.put(0x30, .aes, [threeKeys(0xC0)[0]], .replacing(0x30))
        #expect(!card.holds(keys[0]) && !card.holds(Array(keys[0].prefix(8))))
        try card.delete(version: 0x30)
        #expect(!card.holds(keys[2]) && card.versions == [0x31])
        // An identifier in all versions.
        try card.put(0x32, .aes, keys)
        try card.put(0x75, .aes, [keys[0]], from: 2)
        try card.delete(identifier: 2)
        #expect(card.key(0x31, 2) == nil && card.key(0x32, 2) == nil)
        #expect(card.versions == [0x31, 0x32])
    }

    @Test func refusedDeletions() throws {
        let card = try TestDomain()
        try card.put(0x30, .aes, threeKeys(0x40))
        let before = card.content
        #expect(status { () throws(StatusWord) in try card.delete(version: 0x31) } == .referencedDataNotFound)
        #expect(status { () throws(StatusWord) in try card.delete(identifier: 4) } == .referencedDataNotFound)
        #expect(
            status { () throws(StatusWord) in try card.delete(identifier: 4, version: 0x30) } == .referencedDataNotFound
        )
        // The last keys of the issuer.
        #expect(status { () throws(StatusWord) in try card.delete(version: 0x30) } == .conditionsNotSatisfied)
        #expect(status { () throws(StatusWord) in try card.delete(identifier: 1) } == .conditionsNotSatisfied)
        #expect(card.content == before)
        let other = try TestDomain(isIssuer: false)
        try other.put(0x30, .aes, threeKeys(0x40))
        try other.delete(version: 0x30)
        #expect(other.versions == [])
    }

    @Test func allKeysOfADomain() throws {
        let card = try TestDomain()
        let pages = card.uicc.memory.freePages
        for version in UInt8(0x30)...0x3F { try card.put(version, .aes, threeKeys(version)) }
        try card.change { (memory) throws(StatusWord) in try memory.deleteAllKeys(of: card.domain) }
        let left = card.uicc.memory.freePages
        #expect(card.versions == [] && left == pages)
        for version in UInt8(0x30)...0x3F { #expect(!card.holds(threeKeys(version)[0])) }
    }

    @Test func quota() throws {
        let card = try TestDomain(quota: 4 * 64)
        try card.put(0x30, .aes, threeKeys(0x40))
        #expect(status { () throws(StatusWord) in try card.put(0x31, .aes, threeKeys(0x40)) } == .notEnoughMemory)
        #expect(card.versions == [0x30])
    }

    /// GPCS clause 11.3.3.1.
    @Test func keyInformation() throws {
        let card = try TestDomain()
        #expect(card.keyInformation == "E000")
        try card.put(0x30, .aes, threeKeys(0x40))
        try card.put(0x73, .des, [threeKeys(0x40)[0]])
        var basic = "C00401308810 C00402308810 C00403308810 C00401738010"
        #expect(card.keyInformation == hex(octets("E018" + basic)))
        // A public key on P-256, and keys with a usage or an access.
        var list = KeyList(capacity: 400)
        let point = [0x04] + [UInt8](repeating: 0x11, count: 64)
        point.withView { list.append(0x10, .eccPublic, curve: .brainpoolP256r1, $0) }
        threeKeys(0x40)[0].withView { list.append(0x11, .aes, usage: 0x1480, access: 0x01, $0) }
        threeKeys(0x40)[0].withView { list.append(0x12, .aes, usage: 0x8200, $0) }
        threeKeys(0x40)[0].withView { list.append(0x13, .aes, access: 0x00, $0) }
        try card.change { (memory) throws(StatusWord) in
            try memory.putKeys(list, version: 0x76, .adding, in: card.domain, SecureChannelOptions())
        }
        basic += "C0061076B040F003"
        let extended = "C00B1176FF880010021480 0101" + "C0091276FF8800100182 00" + "C0091376FF880010 00 0100"
        let expected = octets(basic) + octets(extended)
        #expect(card.keyInformation == hex([0xE0, UInt8(expected.count)] + expected))
    }

    /// INITIALIZE UPDATE begins with the data object CF, ten octets of it.
    @Test func diversificationData() throws {
        let card = try TestDomain()
        try card.put(0x30, .aes, threeKeys(0x40))
        let host = Host(.scp03(.common), version: 0x30, keys: threeKeys(0x40))
        #expect(hex(card.send(host.initializeUpdate())).hasPrefix("00000000000000000000" + "300370"))
        for (data, expected) in [
            ("0102030405060708090A0B", "0102030405060708090A"), ("010203", "01020300000000000000"),
        ] {
            try card.change { (memory) throws(StatusWord) in
                guard let entry = RegistryEntry(card.domain, in: memory) else { return }
                try octets(data).withView { (value) throws(StatusWord) in
                    try memory.storeDataObject(0xCF, value, of: entry)
                }
            }
            #expect(hex(card.send(host.initializeUpdate())).hasPrefix(expected + "300370"))
        }
    }

    /// Counters outlive the command that changed them, whatever becomes of it.
    @Test func countersAreDurable() throws {
        let card = try TestDomain()
        try card.put(0x30, .aes, threeKeys(0x40))
        try card.withKeys { (keys) throws(StatusWord) in
            try keys.setSequenceCounter(0x010203, of: 0x30)
            try keys.countAuthentication(with: 0x30)
        }
        card.uicc.memory.rollBack()
        let again = try TestDomain(card.content, card.domain)
        let set = try #require(again.keySet(0x30))
        #expect(set.sequenceCounter == 0x010203 && set.failedAuthentications == 1)
        let isPending = again.uicc.memory.isInTransaction
        #expect(!isPending)
    }
}
