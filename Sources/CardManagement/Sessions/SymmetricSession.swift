import CardCrypto
import GlobalPlatform
import Octets

/// The response of INITIALIZE UPDATE: GPCS clause E.5.1, AmdD clause 7.1.1.
struct InitializeUpdateResponse {
    let channel: HostProtocol
    let version: UInt8
    /// The parameter i; nil with SCP02, which does not tell.
    let i: UInt8?
    /// The card challenge as the cryptograms take it: with SCP02 behind the sequence counter.
    let challenge: [UInt8]
    let cryptogram: [UInt8]

    /// nil where it is none: it has 28 octets with SCP02, and 29, 32, 45 or 48 with SCP03.
    init?(_ data: [UInt8]) {
        guard data.count >= 28 else { return nil }
        version = data[10]
        switch (data[11], data.count) {
        case (0x02, 28):
            channel = .scp02
            i = nil
            challenge = Array(data[12..<20])
            cryptogram = Array(data[20..<28])
        case (0x03, 29), (0x03, 32), (0x03, 45), (0x03, 48):
            channel = .scp03
            i = data[12]
            let size = data.count < 45 ? 8 : 16
            challenge = Array(data[13..<(13 + size)])
            cryptogram = Array(data[(13 + size)..<(13 + 2 * size)])
        default: return nil
        }
    }
}

/// What both sides of an SCP02 or SCP03 session compute after INITIALIZE UPDATE.
final class SymmetricSession {
    let messages: any SessionMessages
    /// What the host must send.
    let hostCryptogram: [UInt8]
    /// Whether the card has shown that it has the keys.
    let isCardGenuine: Bool
    /// What keys are enciphered with.
    let sensitive: SensitiveDataKey

    /// - Throws: `CryptoError.keyLength` where the keys are not those of the protocol; `dataLength` where the host
    ///   challenge has another length.
    init(
        _ keys: StaticKeys,
        hostChallenge: [UInt8],
        _ response: InitializeUpdateResponse,
        encryptsVector: Bool
    ) throws(CryptoError) {
        let host = secret(hostChallenge)
        let card = secret(response.challenge)
        let cryptogram: [UInt8]
        if response.channel == .scp02 {
            let counter = UInt16(response.challenge[0]) << 8 | UInt16(response.challenge[1])
            typealias Derivation = SCP02KeyDerivation
            let encryption = try Derivation.sessionKey(.encryption, key: keys.encryption.view, counter: counter)
            let mac = try Derivation.sessionKey(.commandMAC, key: keys.mac.view, counter: counter)
            let responseMAC = try Derivation.sessionKey(.responseMAC, key: keys.mac.view, counter: counter)
            let data = try Derivation.sessionKey(.dataEncryption, key: keys.dataEncryption.view, counter: counter)
            let ofCard = try Derivation.cryptogram(key: encryption.view, host.view, card.view)
            let ofHost = try Derivation.cryptogram(key: encryption.view, card.view, host.view)
            cryptogram = ofCard.view.array
            hostCryptogram = ofHost.view.array
            messages = DESMessages(
                try DESSecureMessaging(
                    encryption: encryption.view,
                    commandMAC: mac.view,
                    responseMAC: responseMAC.view,
                    encryptsVector: encryptsVector
                )
            )
            sensitive = try SensitiveDataKey(.des, data.view)
        } else {
            guard hostChallenge.count == response.challenge.count else { throw .dataLength }
            let size: AESSecureMessaging.Size = response.challenge.count == 8 ? .s8 : .s16
            let session = try SCP03SessionKeys(
                encryptionKey: keys.encryption.view,
                macKey: keys.mac.view,
                hostChallenge: host.view,
                cardChallenge: card.view,
                size: size
            )
            cryptogram = session.cardCryptogram.view.array
            hostCryptogram = session.hostCryptogram.view.array
            messages = AESMessages(
                try AESSecureMessaging(
                    encryption: session.encryption.view,
                    commandMAC: session.commandMAC.view,
                    responseMAC: session.responseMAC.view,
                    size: size
                )
            )
            sensitive = try SensitiveDataKey(.aes, keys.dataEncryption.view)
        }
        isCardGenuine = areEqual(cryptogram, response.cryptogram)
    }
}
