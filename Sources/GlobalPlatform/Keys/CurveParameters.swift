import CardCrypto
import Octets

extension Curve {
    /// The curve whose parameters these are, given by value: GPCS table 11-16, types B2 to B7. The cofactor need not be
    /// given.
    ///
    /// - Parameter value: the value of a parameter, nil where it is missing.
    /// - Returns: nil for no curve of the card's.
    static func known(_ value: (KeyType) -> OctetView?) -> Curve? {
        if let cofactor = value(.curveK) {
            guard let number = cofactor.number, number == 1 else { return nil }
        }
        return allCases.first { $0.hasParameters(value) }
    }

    private func hasParameters(_ value: (KeyType) -> OctetView?) -> Bool {
        let length = Curve.length
        guard let generator = value(.curveG), generator.octet(at: 0) == 0x04 else { return false }
        // As they stand in `parameters`.
        let given = [
            value(.curveP), value(.curveA), value(.curveB), generator.part(from: 1, length: length),
            generator.part(from: 1 + length), value(.curveN),
        ]
        for (index, octets) in given.enumerated() {
            guard let octets, octets.count == length, isParameter(index, octets) else { return false }
        }
        return true
    }

    private func isParameter(_ index: Int, _ octets: OctetView) -> Bool {
        parameters.withUTF8Buffer { digits in
            for position in 0..<octets.count {
                let place = 2 * (index * Curve.length + position)
                guard place + 1 < digits.count, let octet = octets.octet(at: position),
                    octet == Self.value(digits[place]) << 4 | Self.value(digits[place + 1])
                else { return false }
            }
            return true
        }
    }

    /// The value of a hexadecimal digit in ASCII.
    private static func value(_ digit: UInt8) -> UInt8 { digit < 0x41 ? digit - 0x30 : digit - 0x41 + 10 }

    /// p, a, b, x and y of G, and n, in hexadecimal: SP 800-186, RFC 5639, and the notice of ANSSI on FRP256V1.
    private var parameters: StaticString {
        switch self {
        case .p256:
            """
            FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF\
            FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC\
            5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B\
            6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296\
            4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5\
            FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
            """
        case .brainpoolP256r1:
            """
            A9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377\
            7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9\
            26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6\
            8BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262\
            547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997\
            A9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7
            """
        case .frp256v1:
            """
            F1FD178C0B3AD58F10126DE8CE42435B3961ADBCABC8CA6DE8FCF353D86E9C03\
            F1FD178C0B3AD58F10126DE8CE42435B3961ADBCABC8CA6DE8FCF353D86E9C00\
            EE353FCA5428A9300D4ABA754A44C00FDFEC0C9AE4B1A1803075ED967B7BB73F\
            B6B3D4C356C139EB31183D4749D423958C27D2DCAF98B70164C97A2DD98F5CFF\
            6142E0F7C8B204911F9271F0F3ECEF8C2701C307E8E4C9E183115A1554062CFB\
            F1FD178C0B3AD58F10126DE8CE42435B53DC67E140D2BF941FFDD459C6D655E1
            """
        }
    }
}
