// Written by tools/saip-templates.py from vectors/saip/templates.tsv: one row a line, whatever its length.
// swift-format-ignore-file

extension Templates {
    /// Template 1: MF.
    static let mf: [TemplateFile] = [
        .init(0xA2, "MF", .mf, 0x3F00, rule: 14),
        .init(0xA3, "EF.PL", .transparent, 0x2F05, in: 0xA2, size: 2, sfi: 0x05, rule: 1, .fill("FF...FF")),
        .init(0xA4, "EF.ICCID", .transparent, 0x2FE2, in: 0xA2, size: 10, rule: 11),
        .init(0xA5, "EF.DIR", .linearFixed, 0x2F00, in: 0xA2, sfi: 0x1E, rule: 10),
        .init(0xA6, "EF.ARR", .linearFixed, 0x2F06, in: 0xA2, rule: 10),
        .init(0xA7, "EF.UMPC", .transparent, 0x2F08, in: 0xA2, size: 5, sfi: 0x08, rule: 10),
    ]

    /// Template 2: DF.CD.
    static let cd: [TemplateFile] = [
        .init(0xA2, "DF.CD", .df, 0x7F11, rule: 14),
        .init(0xA3, "EF.LAUNCHPAD", .transparent, 0x6F01, in: 0xA2, rule: 2),
        .init(0xA4, "EF.ICON", .transparent, 0x6F40, last: 0x6F7E, in: 0xA2, rule: 2),
    ]

    /// Template 3, versions 1 to 2: DF.TELECOM.
    static let telecom: [TemplateFile] = [
        .init(0xA2, "DF.TELECOM", .df, 0x7F10, rule: 14),
        .init(0xA3, "EF.ARR", .linearFixed, 0x6F06, in: 0xA2, rule: 10),
        .init(0xA4, "EF.RMA", .linearFixed, 0x6F53, in: 0xA2, rule: 3),
        .init(0xA5, "EF.SUME", .transparent, 0x6F54, in: 0xA2, size: 22, rule: 3),
        .init(0xA6, "EF.ICE_DN", .linearFixed, 0x6FE0, in: 0xA2, records: 50, size: 24, rule: 9, .fill("FF...FF")),
        .init(0xA7, "EF.ICE_FF", .linearFixed, 0x6FE1, in: 0xA2, rule: 9, .fill("FF...FF")),
        .init(0xA8, "EF.PSISMSC", .linearFixed, 0x6FE5, in: 0xA2, rule: 5),
        .init(0xA9, "DF.GRAPHICS", .df, 0x5F50, in: 0xA2, rule: 14),
        .init(0xAA, "EF.IMG", .linearFixed, 0x4F20, in: 0xA9, rule: 2, .fill("00FF...FF")),
        .init(0xAB, "EF.IIDF", .transparent, 0x4F40, last: 0x4F7F, in: 0xA9, rule: 2, .fill("FF...FF")),
        .init(0xAC, "EF.ICE_GRAPHICS", .berTLV, 0x4F21, in: 0xA9, rule: 9),
        .init(0xAD, "EF.LAUNCH_SCWS", .transparent, 0x4F01, in: 0xA9, rule: 10),
        .init(0xAE, "EF.ICON", .transparent, 0x4F80, last: 0x4FBF, in: 0xA9, rule: 10),
        .init(0xAF, "DF.PHONEBOOK", .df, 0x5F3A, in: 0xA2, rule: 14),
        .init(0xB0, "EF.PBR", .linearFixed, 0x4F30, in: 0xAF, rule: 2),
        .init(0xB1, "EF.EXT1", .linearFixed, 0x4F38, last: 0x4F3F, in: 0xAF, size: 13, rule: 5, .fill("00FF...FF")),
        .init(0xB2, "EF.AAS", .linearFixed, 0x4F40, last: 0x4F47, in: 0xAF, rule: 5, .fill("FF...FF")),
        .init(0xB3, "EF.GAS", .linearFixed, 0x4F48, last: 0x4F4F, in: 0xAF, rule: 5, .fill("FF...FF")),
        .init(0xB4, "EF.PSC", .transparent, 0x4F22, in: 0xAF, size: 4, rule: 5, .fixed("00000000")),
        .init(0xB5, "EF.CC", .transparent, 0x4F23, in: 0xAF, size: 2, rule: 5, .fixed("0000"), highUpdate: true),
        .init(0xB6, "EF.PUID", .transparent, 0x4F24, in: 0xAF, size: 2, rule: 5, .fixed("0000"), highUpdate: true),
        .init(0xB7, "EF.IAP", .linearFixed, 0x4F50, last: 0x4F57, in: 0xAF, rule: 5, .fill("FF...FF")),
        .init(0xB8, "EF.ADN", .linearFixed, 0x4F58, last: 0x4F5F, in: 0xAF, rule: 5, .fill("FF...FF")),
        .init(0xB9, "EF.PBC", .linearFixed, 0x4F60, last: 0x4F67, in: 0xAF, size: 2, rule: 5, .fill("00...00")),
        .init(0xBA, "EF.ANR", .linearFixed, 0x4F68, last: 0x4F6F, in: 0xAF, rule: 5, .fill("FF...FF")),
        .init(0xBB, "EF.PURI", .linearFixed, 0x4F70, last: 0x4F77, in: 0xAF, rule: 5),
        .init(0xBC, "EF.EMAIL", .linearFixed, 0x4F78, last: 0x4F7F, in: 0xAF, rule: 5, .fill("FF...FF")),
        .init(0xBD, "EF.SNE", .linearFixed, 0x4F80, last: 0x4F87, in: 0xAF, rule: 5, .fill("FF...FF")),
        .init(0xBE, "EF.UID", .linearFixed, 0x4F88, last: 0x4F8F, in: 0xAF, size: 2, rule: 5, .fixed("0000")),
        .init(0xBF1F, "EF.GRP", .linearFixed, 0x4F90, last: 0x4F97, in: 0xAF, rule: 5, .fill("00...00")),
        .init(0xBF20, "EF.CCP1", .linearFixed, 0x4F98, last: 0x4F9F, in: 0xAF, rule: 5, .fill("FF...FF")),
        .init(0xBF21, "DF.MULTIMEDIA", .df, 0x5F3B, in: 0xA2, rule: 14),
        .init(0xBF22, "EF.MML", .berTLV, 0x4F47, in: 0xBF21, rule: 5),
        .init(0xBF23, "EF.MMDF", .berTLV, 0x4F48, in: 0xBF21, rule: 5),
        .init(0xBF24, "DF.MMSS", .df, 0x5F3C, in: 0xA2, rule: 14),
        .init(0xBF25, "EF.MLPL", .transparent, 0x4F20, in: 0xBF24, sfi: 0x01, rule: 2),
        .init(0xBF26, "EF.MSPL", .transparent, 0x4F21, in: 0xBF24, sfi: 0x02, rule: 2),
        .init(0xBF27, "EF.MMSSMODE", .transparent, 0x4F22, in: 0xBF24, size: 1, sfi: 0x03, rule: 2),
        .init(0xBF28, "DF.MCS", .df, 0x5F3D, in: 0xA2, rule: 14, from: 2),
        .init(0xBF29, "EF.MST", .transparent, 0x4F01, in: 0xBF28, sfi: 0x01, rule: 2, from: 2),
        .init(0xBF2A, "EF.MCSCONFIG", .berTLV, 0x4F02, in: 0xBF28, sfi: 0x02, rule: 2, from: 2),
        .init(0xBF2B, "DF.V2X", .df, 0x5F3E, in: 0xA2, rule: 14, from: 2),
        .init(0xBF2C, "EF.VST", .transparent, 0x4F01, in: 0xBF2B, sfi: 0x01, rule: 2, from: 2),
        .init(0xBF2D, "EF.V2X_CONFIG", .berTLV, 0x4F02, in: 0xBF2B, sfi: 0x02, rule: 2, from: 2),
        .init(0xBF2E, "EF.V2XP_PC5", .transparent, 0x4F03, in: 0xBF2B, rule: 2, from: 2),
        .init(0xBF2F, "EF.V2XP_Uu", .transparent, 0x4F04, in: 0xBF2B, rule: 2, from: 2),
    ]
}
