// Written by tools/saip-templates.py from vectors/saip/templates.tsv: one row a line, whatever its length.
// swift-format-ignore-file

extension Templates {
    /// Template 8: ADF.ISIM.
    static let isim: [TemplateFile] = [
        .init(0xA2, "ADF.ISIM", .adf, rule: 14),
        .init(0xA3, "EF.IMPI", .transparent, 0x6F02, in: 0xA2, sfi: 0x02, rule: 2),
        .init(0xA4, "EF.IMPU", .linearFixed, 0x6F04, in: 0xA2, records: 1, sfi: 0x04, rule: 2),
        .init(0xA5, "EF.Domain", .transparent, 0x6F03, in: 0xA2, sfi: 0x05, rule: 2),
        .init(0xA6, "EF.IST", .transparent, 0x6F07, in: 0xA2, size: 14, sfi: 0x07, rule: 2),
        .init(0xA7, "EF.AD", .transparent, 0x6FAD, in: 0xA2, size: 3, sfi: 0x03, rule: 10, .fixed("000000")),
        .init(0xA8, "EF.ARR", .linearFixed, 0x6F06, in: 0xA2, sfi: 0x06, rule: 10),
    ]

    /// Template 9, versions 1 to 2: the optional files of ADF.ISIM.
    static let optISIM: [TemplateFile] = [
        .init(0xA2, "EF.PCSCF", .linearFixed, 0x6F09, records: 1, rule: 2),
        .init(0xA3, "EF.SMS", .linearFixed, 0x6F3C, records: 10, size: 176, rule: 5, .fill("00FF...FF")),
        .init(0xA4, "EF.SMSP", .linearFixed, 0x6F42, records: 1, size: 38, rule: 5, .fill("FF...FF")),
        .init(0xA5, "EF.SMSS", .transparent, 0x6F43, size: 2, rule: 5, .fixed("FFFF")),
        .init(0xA6, "EF.SMSR", .linearFixed, 0x6F47, records: 10, size: 30, rule: 5, .fill("00FF...FF")),
        .init(0xA7, "EF.GBABP", .transparent, 0x6FD5, rule: 5, .fill("FF...FF")),
        .init(0xA8, "EF.GBANL", .linearFixed, 0x6FD7, rule: 2, .fill("FF...FF")),
        .init(0xA9, "EF.NAFKCA", .linearFixed, 0x6FDD, rule: 2, .fill("FF...FF")),
        .init(0xAA, "EF.UICCIARI", .linearFixed, 0x6FE7, rule: 2),
        .init(0xAB, "EF.FromPreferred", .transparent, 0x6FF7, size: 1, rule: 2, .fixed("00"), from: 2),
        .init(0xAC, "EF.ImsConfigData", .berTLV, 0x6FF8, rule: 2, from: 2),
        .init(0xAD, "EF.XcapconfigData", .berTLV, 0x6FFC, rule: 2, from: 2),
        .init(0xAE, "EF.WebRTCURI", .linearFixed, 0x6FFA, rule: 2, from: 2),
        .init(0xAF, "EF.MuDMiDConfigData", .berTLV, 0x6FFE, rule: 2, from: 2),
    ]
}
