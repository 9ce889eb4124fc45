// Written by tools/saip-templates.py from vectors/saip/templates.tsv: one row a line, whatever its length.
// swift-format-ignore-file

extension Templates {
    /// Template 4, versions 1 to 2: ADF.USIM.
    static let usim: [TemplateFile] = [
        .init(0xA2, "ADF.USIM", .adf, rule: 14),
        .init(0xA3, "EF.IMSI", .transparent, 0x6F07, in: 0xA2, size: 9, sfi: 0x07, rule: 2),
        .init(0xA4, "EF.ARR", .linearFixed, 0x6F06, in: 0xA2, sfi: 0x17, rule: 10),
        .init(0xA5, "EF.Keys", .transparent, 0x6F08, in: 0xA2, size: 33, sfi: 0x08, rule: 5, .fill("07FF...FF"), highUpdate: true),
        .init(0xA6, "EF.KeysPS", .transparent, 0x6F09, in: 0xA2, size: 33, sfi: 0x09, rule: 5, .fill("07FF...FF"), highUpdate: true),
        .init(0xA7, "EF.HPPLMN", .transparent, 0x6F31, in: 0xA2, size: 1, sfi: 0x12, rule: 2, .fixed("0A")),
        .init(0xA8, "EF.UST", .transparent, 0x6F38, in: 0xA2, size: 14, sfi: 0x04, rule: 2, through: 1),
        .init(0xA8, "EF.UST", .transparent, 0x6F38, in: 0xA2, size: 17, sfi: 0x04, rule: 2, from: 2),
        .init(0xA9, "EF.FDN", .linearFixed, 0x6F3B, in: 0xA2, records: 20, size: 26, rule: 8, .fill("FF...FF")),
        .init(0xAA, "EF.SMS", .linearFixed, 0x6F3C, in: 0xA2, records: 10, size: 176, rule: 5, .fill("00FF...FF")),
        .init(0xAB, "EF.SMSP", .linearFixed, 0x6F42, in: 0xA2, records: 1, size: 38, rule: 5, .fill("FF...FF")),
        .init(0xAC, "EF.SMSS", .transparent, 0x6F43, in: 0xA2, size: 2, rule: 5, .fixed("FFFF")),
        .init(0xAD, "EF.SPN", .transparent, 0x6F46, in: 0xA2, size: 17, rule: 10),
        .init(0xAE, "EF.EST", .transparent, 0x6F56, in: 0xA2, size: 1, sfi: 0x05, rule: 8),
        .init(0xAF, "EF.START-HFN", .transparent, 0x6F5B, in: 0xA2, size: 6, sfi: 0x0F, rule: 5, .fixed("F00000F00000"), highUpdate: true),
        .init(0xB0, "EF.THRESHOLD", .transparent, 0x6F5C, in: 0xA2, size: 3, sfi: 0x10, rule: 2, .fixed("FFFFFF")),
        .init(0xB1, "EF.PSLOCI", .transparent, 0x6F73, in: 0xA2, size: 14, sfi: 0x0C, rule: 5, .fixed("FFFFFFFFFFFFFFFFFFFF0000FF01"), highUpdate: true),
        .init(0xB2, "EF.ACC", .transparent, 0x6F78, in: 0xA2, size: 2, sfi: 0x06, rule: 2),
        .init(0xB3, "EF.FPLMN", .transparent, 0x6F7B, in: 0xA2, size: 12, sfi: 0x0D, rule: 5, .fill("FF...FF")),
        .init(0xB4, "EF.LOCI", .transparent, 0x6F7E, in: 0xA2, size: 11, sfi: 0x0B, rule: 5, .fixed("FFFFFFFFFFFFFF0000FF01"), highUpdate: true),
        .init(0xB5, "EF.AD", .transparent, 0x6FAD, in: 0xA2, size: 4, sfi: 0x03, rule: 10, .fixed("00000002")),
        .init(0xB6, "EF.ECC", .linearFixed, 0x6FB7, in: 0xA2, records: 1, size: 4, sfi: 0x01, rule: 10),
        .init(0xB7, "EF.NETPAR", .transparent, 0x6FC4, in: 0xA2, size: 128, rule: 5, .fill("FF...FF"), highUpdate: true),
        .init(0xB8, "EF.EPSLOCI", .transparent, 0x6FE3, in: 0xA2, size: 18, sfi: 0x1E, rule: 5, .fixed("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFF000001"), highUpdate: true),
        .init(0xB9, "EF.EPSNSC", .linearFixed, 0x6FE4, in: 0xA2, records: 1, size: 80, sfi: 0x18, rule: 5, .fill("FF...FF"), highUpdate: true),
    ]
}
