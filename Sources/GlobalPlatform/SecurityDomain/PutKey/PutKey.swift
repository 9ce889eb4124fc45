import CardCrypto
import CardOS
import Memory
import Octets

/// The commands with which the keys of a security domain are managed. Their rights and the security level are looked
/// after by who calls them; so is a roll-back where they throw.
public enum KeyManagement {
    /// PUT KEY: GPCS clause 11.8.
    ///
    /// P1: the version to replace, 00 for new keys. P2: b8, several keys; the identifier of the first key, those of the
    /// others count up. A command in segments comes joined, with b8 of P1 clear.
    ///
    /// - Parameters:
    ///   - command: without the protection of secure messaging.
    ///   - domain: the registry entry of the security domain.
    ///   - encryption: what secret keys are enciphered with: the sensitive data key of the session.
    ///   - response: takes the new version and the key check values.
    /// - Throws: 6A86 for more segments to come; 6A80 where the data field is malformed, a key is none, or replaces one
    ///   of another type or length; 6982 for a wrong key check value; 9484 for a type or curve that the card does not
    ///   have; 6A88 where there is no key to replace; 6985 where a new key is there already; 6A84 where memory is short.
    public static func putKey(
        _ command: CommandAPDU,
        _ memory: inout Memory,
        domain: ObjectReference,
        _ encryption: borrowing DataEncryptionKey,
        _ options: SecureChannelOptions,
        into response: inout OctetWriter
    ) throws(StatusWord) {
        guard command.p1 & 0x80 == 0 else { throw .incorrectP1P2 }
        let isMultiple = command.p2 & 0x80 != 0
        let first = command.p2 & 0x7F
        var data = OctetCursor(command.data)
        guard let version = data.octet(), (0x01...0x7F).contains(version), !data.isAtEnd else {
            throw .incorrectData
        }
        response.append(version)
        // A field of n octets, at least 4, becomes at most n + 10.
        var keys = KeyList(capacity: 4 * command.data.count)
        var count: UInt8 = 0
        repeat {
            let identifier = first + count
            guard identifier <= 0x7F, count == 0 || isMultiple else { throw .incorrectData }
            let field = try KeyDataField(&data, blockLength: encryption.blockLength)
            try field.append(identifier, encryption, to: &keys)
            response.append(field.checkValue)
            count += 1
        } while !data.isAtEnd
        let mode: KeyPutting = command.p1 == 0 ? .adding : .replacing(command.p1)
        try memory.putKeys(keys, version: version, mode, in: domain, options)
    }
}
