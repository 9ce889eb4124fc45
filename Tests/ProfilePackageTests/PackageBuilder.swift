/// Profile elements made for a test: small, and each member as the caller wants it.
enum Build {
    static let templateArc = hex("67810F0102")

    static func template(_ arcs: UInt8...) -> [UInt8] { templateArc + arcs }

    /// PE-Header.
    static func head(_ identification: UInt8, mandated: Bool = true) -> [UInt8] {
        tlv(0xA0, (mandated ? hex("8000") : []) + tlv(0x81, [identification]))
    }

    static func header(
        major: UInt8 = 2,
        services: String = "8100",
        templates: [[UInt8]] = [template(1)],
        rest: [UInt8] = []
    ) -> [UInt8] {
        tlv(
            0xA0,
            tlv(0x80, [major]),
            hex("810103 830A89000123456789012341"),
            tlv(0xA5, hex(services)),
            tlv(0xA6, templates.flatMap { tlv(0x06, $0) }),
            rest
        )
    }

    /// An element with files by a template.
    static func files(
        _ tag: UInt32,
        _ identification: UInt8,
        _ template: [UInt8],
        mandated: Bool = true,
        _ members: [UInt8]...
    ) -> [UInt8] {
        tlv(tag, head(identification, mandated: mandated), tlv(0x81, template), members.flatMap { $0 })
    }

    /// PE-MF, identification 1: an EF.DIR of two records of 4 octets, an EF.ARR of one record of 10 octets.
    static func mf(pins: String = "010A", rest: [UInt8] = []) -> [UInt8] {
        files(
            0xB0,
            1,
            template(1),
            tlv(0xA2, fcp(tlv(0x8B, hex("2F0601")), tlv(0xC6, hex(pins)))),
            tlv(0xA4, tlv(0x83, hex("98001032547698103214"))),
            tlv(0xA5, fcp(hex("820442210004 800108"))),
            tlv(0xA6, fcp(hex("82044221000A 80010A"))),
            rest
        )
    }

    /// fileDescriptor within a File.
    static func fcp(_ members: [UInt8]...) -> [UInt8] { tlv(0xA1, members.flatMap { $0 }) }

    /// PE-PUKCodes, identification 2: reference 1.
    static func puk() -> [UInt8] {
        tlv(0xA3, head(2), tlv(0xA1, tlv(0x30, hex("800101 8108 3131313131313131"))))
    }

    /// PE-PINCodes with default attributes and tries.
    static func pins(_ identification: UInt8, _ references: [UInt8], unblocking: UInt8? = nil) -> [UInt8] {
        let entries = references.map { reference in
            tlv(
                0x30,
                tlv(0x80, reference < 0x80 ? [reference] : [0, reference]),
                hex("8108 30303030FFFFFFFF"),
                unblocking.map { tlv(0x82, [$0]) } ?? []
            )
        }
        return tlv(0xA2, head(identification), tlv(0xA1, tlv(0xA0, entries.flatMap { $0 })))
    }

    /// PE-USIM, identification 4, temporary identifier 7FD0, with `rest` as further members.
    static func usim(
        ust: String = "00",
        temporary: String = "7FD0",
        aid: String = "A0000000871002",
        pins: String = "010A",
        mandated: Bool = true,
        version: [UInt8] = template(4),
        more: String = ""
    ) -> [UInt8] {
        files(
            0xB3,
            4,
            version,
            mandated: mandated,
            tlv(0xA2, fcp(tlv(0x83, hex(temporary)), tlv(0x84, hex(aid)), tlv(0xC6, hex(pins)))),
            tlv(0xA3, tlv(0x83, hex("080910101032547698"))),
            tlv(0xA4, fcp(hex("82044221000A 80010A"))),
            tlv(0xA8, tlv(0x83, hex(ust))),
            tlv(0xAD, tlv(0x83, hex("00"))),
            tlv(0xAE, tlv(0x83, hex("00"))),
            tlv(0xB2, tlv(0x83, hex("0001"))),
            tlv(0xB6, tlv(0x83, hex("11F2FFFF"))),
            hex(more)
        )
    }

    /// PE-GenericFileManagement with one FileManagement.
    static func management(_ identification: UInt8, mandated: Bool = true, _ commands: [UInt8]...) -> [UInt8] {
        tlv(0xA1, head(identification, mandated: mandated), tlv(0xA1, tlv(0x30, commands.flatMap { $0 })))
    }

    static func select(_ path: String) -> [UInt8] { tlv(0x80, hex(path)) }
    static func create(_ members: String) -> [UInt8] { tlv(0x62, hex(members)) }
    static func content(_ text: String) -> [UInt8] { tlv(0x81, hex(text)) }
    static func offset(_ distance: UInt8) -> [UInt8] { tlv(0x02, [distance]) }

    /// PE-End, identification 31.
    static func end() -> [UInt8] { tlv(0xAA, head(31)) }

    /// A package with header, MF, its PINs, `elements` and the end.
    static func package(_ elements: [UInt8]...) -> [UInt8] {
        header() + mf() + puk() + pins(3, [1, 10], unblocking: 1) + elements.flatMap { $0 } + end()
    }
}
