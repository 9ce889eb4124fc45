// Written by tools/saip-templates.py from vectors/saip/templates.tsv: one row a line, whatever its length.
// swift-format-ignore-file

extension Templates {
    /// Template 6: DF.PHONEBOOK of ADF.USIM.
    static let phonebook: [TemplateFile] = [
        .init(0xA2, "DF.PHONEBOOK", .df, 0x5F3A, rule: 14),
        .init(0xA3, "EF.PBR", .linearFixed, 0x4F30, in: 0xA2, rule: 2),
        .init(0xA4, "EF.EXT1", .linearFixed, 0x4F38, last: 0x4F3F, in: 0xA2, size: 13, rule: 5, .fill("00FF...FF")),
        .init(0xA5, "EF.AAS", .linearFixed, 0x4F40, last: 0x4F47, in: 0xA2, rule: 5, .fill("FF...FF")),
        .init(0xA6, "EF.GAS", .linearFixed, 0x4F48, last: 0x4F4F, in: 0xA2, rule: 5, .fill("FF...FF")),
        .init(0xA7, "EF.PSC", .transparent, 0x4F22, in: 0xA2, size: 4, rule: 5, .fixed("00000000")),
        .init(0xA8, "EF.CC", .transparent, 0x4F23, in: 0xA2, size: 2, rule: 5, .fixed("0000"), highUpdate: true),
        .init(0xA9, "EF.PUID", .transparent, 0x4F24, in: 0xA2, size: 2, rule: 5, .fixed("0000"), highUpdate: true),
        .init(0xAA, "EF.IAP", .linearFixed, 0x4F50, last: 0x4F57, in: 0xA2, rule: 5, .fill("FF...FF")),
        .init(0xAB, "EF.ADN", .linearFixed, 0x4F58, last: 0x4F5F, in: 0xA2, rule: 5, .fill("FF...FF")),
        .init(0xAC, "EF.PBC", .linearFixed, 0x4F60, last: 0x4F67, in: 0xA2, size: 2, rule: 5, .fill("00...00")),
        .init(0xAD, "EF.ANR", .linearFixed, 0x4F68, last: 0x4F6F, in: 0xA2, rule: 5, .fill("FF...FF")),
        .init(0xAE, "EF.PURI", .linearFixed, 0x4F70, last: 0x4F77, in: 0xA2, rule: 5),
        .init(0xAF, "EF.EMAIL", .linearFixed, 0x4F78, last: 0x4F7F, in: 0xA2, rule: 5, .fill("FF...FF")),
        .init(0xB0, "EF.SNE", .linearFixed, 0x4F80, last: 0x4F87, in: 0xA2, rule: 5, .fill("FF...FF")),
        .init(0xB1, "EF.UID", .linearFixed, 0x4F88, last: 0x4F8F, in: 0xA2, size: 2, rule: 5, .fixed("0000")),
        .init(0xB2, "EF.GRP", .linearFixed, 0x4F90, last: 0x4F97, in: 0xA2, rule: 5, .fill("00...00")),
        .init(0xB3, "EF.CCP1", .linearFixed, 0x4F98, last: 0x4F9F, in: 0xA2, rule: 5, .fill("FF...FF")),
    ]

    /// Template 7: DF.GSM-ACCESS.
    static let gsmAccess: [TemplateFile] = [
        .init(0xA2, "DF.GSM-ACCESS", .df, 0x5F3B, rule: 14),
        .init(0xA3, "EF.Kc", .transparent, 0x4F20, in: 0xA2, size: 9, sfi: 0x01, rule: 5, .fill("FF...FF07"), highUpdate: true),
        .init(0xA4, "EF.KcGPRS", .transparent, 0x4F52, in: 0xA2, size: 9, sfi: 0x02, rule: 5, .fill("FF...FF07"), highUpdate: true),
        .init(0xA5, "EF.CPBCCH", .transparent, 0x4F63, in: 0xA2, size: 10, rule: 5, .fill("FF...FF"), highUpdate: true),
        .init(0xA6, "EF.InvScan", .transparent, 0x4F64, in: 0xA2, size: 1, rule: 2, .fixed("00")),
    ]

    /// Template 12: DF.EAP.
    static let eap: [TemplateFile] = [
        .init(0xA2, "DF.EAP", .df, rule: 14),
        .init(0xA3, "EF.EAPKEYS", .transparent, 0x4F01, in: 0xA2, rule: 2, highUpdate: true),
        .init(0xA4, "EF.EAPSTATUS", .transparent, 0x4F02, in: 0xA2, size: 1, rule: 2, .fixed("00"), highUpdate: true),
        .init(0xA5, "EF.PUId", .transparent, 0x4F03, in: 0xA2, rule: 2),
        .init(0xA6, "EF.Ps", .transparent, 0x4F04, in: 0xA2, rule: 5, .fill("FF...FF"), highUpdate: true),
        .init(0xA7, "EF.CurID", .transparent, 0x4F20, in: 0xA2, rule: 5, .fill("FF...FF"), highUpdate: true),
        .init(0xA8, "EF.RelID", .transparent, 0x4F21, in: 0xA2, rule: 5),
        .init(0xA9, "EF.Realm", .transparent, 0x4F22, in: 0xA2, rule: 5),
    ]

    /// Template 13, versions 1 to 4: DF.5GS.
    static let df5GS: [TemplateFile] = [
        .init(0xA2, "DF.5GS", .df, 0x5FC0, rule: 14),
        .init(0xA3, "EF.5GS3GPPLOCI", .transparent, 0x4F01, in: 0xA2, size: 20, sfi: 0x01, rule: 5, .fixed("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000001"), highUpdate: true),
        .init(0xA4, "EF.5GSN3GPPLOCI", .transparent, 0x4F02, in: 0xA2, size: 20, sfi: 0x02, rule: 5, .fixed("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000001"), highUpdate: true),
        .init(0xA5, "EF.5GS3GPPNSC", .linearFixed, 0x4F03, in: 0xA2, records: 1, size: 57, sfi: 0x03, rule: 5, .fill("FF...FF"), highUpdate: true, through: 2),
        .init(0xA5, "EF.5GS3GPPNSC", .linearFixed, 0x4F03, in: 0xA2, records: 2, size: 62, sfi: 0x03, rule: 5, .fill("FF...FF"), highUpdate: true, from: 3),
        .init(0xA6, "EF.5GSN3GPPNSC", .linearFixed, 0x4F04, in: 0xA2, records: 1, size: 57, sfi: 0x04, rule: 5, .fill("FF...FF"), highUpdate: true, through: 2),
        .init(0xA6, "EF.5GSN3GPPNSC", .linearFixed, 0x4F04, in: 0xA2, records: 2, size: 62, sfi: 0x04, rule: 5, .fill("FF...FF"), highUpdate: true, from: 3),
        .init(0xA7, "EF.5GAUTHKEYS", .transparent, 0x4F05, in: 0xA2, size: 110, sfi: 0x05, rule: 5, highUpdate: true),
        .init(0xA8, "EF.UAC_AIC", .transparent, 0x4F06, in: 0xA2, size: 4, sfi: 0x06, rule: 2),
        .init(0xA9, "EF.SUCI_Calc_Info", .transparent, 0x4F07, in: 0xA2, sfi: 0x07, rule: 2, .fill("FF...FF")),
        .init(0xAA, "EF.OPL5G", .linearFixed, 0x4F08, in: 0xA2, size: 10, sfi: 0x08, rule: 10, .fill("FF...FF")),
        .init(0xAB, "EF.SUPI_NAI", .transparent, 0x4F09, in: 0xA2, sfi: 0x09, rule: 2),
        .init(0xAC, "EF.Routing_Indicator", .transparent, 0x4F0A, in: 0xA2, size: 4, sfi: 0x0A, rule: 2, .fixed("F0FFFFFF"), through: 3),
        .init(0xAC, "EF.Routing_Indicator", .transparent, 0x4F0A, in: 0xA2, size: 4, sfi: 0x0A, rule: 2, .fixed("F0FF0000"), from: 4),
        .init(0xAD, "EF.URSP", .berTLV, 0x4F0B, in: 0xA2, rule: 2, from: 2),
        .init(0xAE, "EF.TN3GPPSNN", .transparent, 0x4F0C, in: 0xA2, size: 1, sfi: 0x0C, rule: 2, .fixed("00"), from: 2),
        .init(0xAF, "EF.CAG", .transparent, 0x4F0D, in: 0xA2, size: 2, sfi: 0x0D, rule: 2, from: 4),
        .init(0xB0, "EF.SOR_CMCI", .transparent, 0x4F0E, in: 0xA2, sfi: 0x0E, rule: 2, from: 4),
        .init(0xB1, "EF.DRI", .transparent, 0x4F0F, in: 0xA2, size: 7, sfi: 0x0F, rule: 2, from: 4),
        .init(0xB2, "EF.5GSEDRX", .transparent, 0x4F10, in: 0xA2, size: 2, sfi: 0x10, rule: 2, from: 4),
        .init(0xB3, "EF.5GNSWO_CONF", .transparent, 0x4F11, in: 0xA2, size: 1, sfi: 0x11, rule: 2, from: 4),
        .init(0xB4, "EF.MCHPPLMN", .transparent, 0x4F15, in: 0xA2, size: 1, sfi: 0x15, rule: 2, from: 4),
        .init(0xB5, "EF.KAUSF_DERIVATION", .transparent, 0x4F16, in: 0xA2, size: 1, sfi: 0x16, rule: 2, from: 4),
    ]

    /// Template 14: DF.SAIP.
    static let dfSAIP: [TemplateFile] = [
        .init(0xA2, "DF.SAIP", .df, 0x5FD0, rule: 14),
        .init(0xA3, "EF.SUCICalcInfo", .transparent, 0x4F01, in: 0xA2, rule: 3, .fill("FF...FF")),
    ]

    /// Template 15: DF.SNPN.
    static let dfSNPN: [TemplateFile] = [
        .init(0xA2, "DF.SNPN", .df, 0x5FE0, rule: 14),
        .init(0xA3, "EF.PWS_SNPN", .transparent, 0x4F01, in: 0xA2, size: 1, rule: 10),
    ]

    /// Template 16: DF.5G_ProSe.
    static let df5GProSe: [TemplateFile] = [
        .init(0xA2, "DF.5G_ProSe", .df, 0x5FF0, rule: 14),
        .init(0xA3, "EF.5G_PROSE_ST", .transparent, 0x4F01, in: 0xA2, size: 1, sfi: 0x01, rule: 2),
        .init(0xA4, "EF.5G_PROSE_DD", .transparent, 0x4F02, in: 0xA2, size: 26, sfi: 0x02, rule: 2),
        .init(0xA5, "EF.5G_PROSE_DC", .transparent, 0x4F03, in: 0xA2, size: 12, sfi: 0x03, rule: 2),
        .init(0xA6, "EF.5G_PROSE_U2NRU", .transparent, 0x4F04, in: 0xA2, size: 32, sfi: 0x04, rule: 2),
        .init(0xA7, "EF.5G_PROSE_RU", .transparent, 0x4F05, in: 0xA2, size: 29, sfi: 0x05, rule: 2),
        .init(0xA8, "EF.5G_PROSE_UIR", .transparent, 0x4F06, in: 0xA2, size: 32, sfi: 0x06, rule: 2),
    ]
}
