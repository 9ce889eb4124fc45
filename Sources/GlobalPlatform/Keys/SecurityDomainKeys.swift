import CardOS
import Memory
import Octets

/// The keys of a security domain in the image, for a secure channel session.
///
/// Counters are committed at once. Nothing else is to be pending then, and nothing is: the commands of a session change
/// nothing but these.
public struct SecurityDomainKeys: KeySource, ~Copyable {
    /// It lives within `with` only, and so does this.
    private let uicc: UnsafeMutablePointer<UICC>
    private let domain: ObjectReference
    private let selectedAID: OctetView

    private init(_ uicc: UnsafeMutablePointer<UICC>, _ domain: ObjectReference, _ selectedAID: OctetView) {
        self.uicc = uicc
        self.domain = domain
        self.selectedAID = selectedAID
    }

    /// Calls `body` with the keys of a security domain. `body` reaches the card through them only: a response writer of
    /// the card's is copied before and put back after.
    ///
    /// - Parameters:
    ///   - domain: its registry entry.
    ///   - selectedAID: the AID of the application that is selected on the channel.
    public static func with<Result: ~Copyable>(
        _ uicc: inout UICC,
        domain: ObjectReference,
        selectedAID: OctetView,
        _ body: (inout SecurityDomainKeys) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        try withUnsafeMutablePointer(to: &uicc) { (pointer) throws(StatusWord) -> Result in
            var keys = SecurityDomainKeys(pointer, domain, selectedAID)
            return try body(&keys)
        }
    }

    /// The version of the first key set for SCP02 or SCP03.
    public var defaultVersion: UInt8? { uicc.pointee.memory.defaultKeySet(of: domain)?.version }

    /// The protocol of a key set whose keys are all there.
    public func secureChannel(of version: UInt8) -> SecureChannelProtocol? {
        uicc.pointee.memory.keySet(version, of: domain)?.secureChannel
    }

    /// Calls `body` with a key, in place where it lies in neighbouring pages.
    public func withKey<Result: ~Copyable>(
        _ reference: KeyReference,
        _ body: (Key) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        try uicc.pointee.memory.withKey(reference, of: domain) { (key) throws(StatusWord) -> Result in
            guard let key = key.key else { throw .referencedDataNotFound }
            return try body(key)
        }
    }

    /// - Throws: 6A88 where there is none.
    private func keySet(_ version: UInt8) throws(StatusWord) -> KeySet {
        guard let set = uicc.pointee.memory.keySet(version, of: domain) else { throw .referencedDataNotFound }
        return set
    }

    /// Changes a counter for good.
    private mutating func keep(_ value: UInt32, _ field: KeySet.Field, of set: KeySet) throws(StatusWord) {
        try uicc.pointee.memory.set(field, ofKeySet: set.reference, to: value)
        uicc.pointee.memory.commit()
    }

    /// The sequence counter of a key set.
    public func sequenceCounter(of version: UInt8) throws(StatusWord) -> UInt32 {
        try keySet(version).sequenceCounter
    }

    /// Changes a sequence counter, and commits.
    public mutating func setSequenceCounter(_ value: UInt32, of version: UInt8) throws(StatusWord) {
        try keep(value, .counter, of: keySet(version))
    }

    /// Whether as many authentications have failed as the key set allows.
    public func isBlocked(_ version: UInt8) -> Bool {
        uicc.pointee.memory.keySet(version, of: domain)?.isBlocked ?? false
    }

    /// Counts an authentication, and commits.
    public mutating func countAuthentication(with version: UInt8) throws(StatusWord) {
        let set = try keySet(version)
        guard !set.isBlocked else { throw .authenticationMethodBlocked }
        // Without a limit the count stops at its end.
        let count = UInt32(set.failedAuthentications) + 1
        if count <= 0xFF { try keep(count, .failures, of: set) }
    }

    /// Counts from 0 again, and commits.
    public mutating func forgetFailedAuthentications(with version: UInt8) throws(StatusWord) {
        // The keys may have gone meanwhile, and what was counted with them.
        guard let set = uicc.pointee.memory.keySet(version, of: domain), set.failedAuthentications != 0 else { return }
        try keep(0, .failures, of: set)
    }

    /// Calls `body` with the AID that `with` was given.
    public func withSelectedAID<Result: ~Copyable>(
        _ body: (OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        try body(selectedAID)
    }

    /// The first ten octets of the data object CF of the security domain, padded with 00.
    public func appendDiversificationData(to response: inout OctetWriter) {
        let length = 10
        let start = response.count
        do throws(StatusWord) {
            guard let entry = RegistryEntry(domain, in: uicc.pointee.memory) else { throw .referencedDataNotFound }
            try uicc.pointee.memory.withDataObjects(of: entry) { (objects) throws(StatusWord) in
                response.append((objects.firstValue(0xCF) ?? .empty).part(from: 0, length: length))
            }
        } catch {
            response.truncate(to: start)
        }
        response.append(repeating: 0x00, count: length - (response.count - start))
    }

    /// Random octets of the card.
    public mutating func fillRandom(_ octets: UnsafeMutableRawBufferPointer) throws(StatusWord) {
        try uicc.pointee.fillRandom(octets)
    }
}
