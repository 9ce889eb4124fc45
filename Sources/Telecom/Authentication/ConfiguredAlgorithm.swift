import CardCrypto
import Octets

/// The algorithm that a profile asks for, under the key of its subscriber.
enum ConfiguredAlgorithm: AuthenticationAlgorithm, ~Copyable {
    case milenage(Milenage)
    case tuak(TUAK)
    case test(TestAlgorithm)

    init(_ parameters: borrowing AuthenticationParameters) throws(CryptoError) {
        switch parameters.algorithm {
        case .milenage:
            let opc = parameters.opc.leading
            self = .milenage(try Milenage(key: parameters.key, opc: opc, constants: parameters.constants))
        case .tuak:
            self = .tuak(try TUAK(key: parameters.key, topc: parameters.opc, options: parameters.tuakOptions))
        case .test:
            let length = 4 << Int(parameters.options & 0x03)
            self = .test(try TestAlgorithm(key: parameters.key, responseLength: length))
        }
    }

    func f1(_ challenge: Challenge) throws(CryptoError) -> ShortOctets {
        switch self {
        case .milenage(let algorithm): try algorithm.f1(challenge)
        case .tuak(let algorithm): algorithm.f1(challenge)
        case .test(let algorithm): algorithm.f1(challenge)
        }
    }

    func f1Star(_ challenge: Challenge) throws(CryptoError) -> ShortOctets {
        switch self {
        case .milenage(let algorithm): try algorithm.f1Star(challenge)
        case .tuak(let algorithm): algorithm.f1Star(challenge)
        case .test(let algorithm): algorithm.f1Star(challenge)
        }
    }

    func f2345(_ random: UInt128) throws(CryptoError) -> AuthenticationResult {
        switch self {
        case .milenage(let algorithm): try algorithm.f2345(random)
        case .tuak(let algorithm): algorithm.f2345(random)
        case .test(let algorithm): algorithm.f2345(random)
        }
    }

    func f5Star(_ random: UInt128) throws(CryptoError) -> UInt64 {
        switch self {
        case .milenage(let algorithm): try algorithm.f5Star(random)
        case .tuak(let algorithm): algorithm.f5Star(random)
        case .test(let algorithm): algorithm.f5Star(random)
        }
    }
}
