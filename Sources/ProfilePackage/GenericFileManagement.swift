import Octets

// PE-GenericFileManagement: eUICC Profile Package 8.3.5.

extension ProfileInstaller {
    /// The header of the command list, of a FileManagement, or of a command.
    mutating func managementHeader(_ tag: UInt32) throws(Failure) {
        switch (reader.depth, tag) {
        case (1, 0xA1), (2, 0x30): try enter()
        case (2, _): throw Failure(Decision.malformed)
        case (3, 0x80): try collect(limit: 8)
        case (3, 0x62): try collect(limit: FileControlParameters.limit)
        case (3, 0x02): try collect(limit: 4)
        case (3, 0x81): reader.stream()
        default: try report(PackageStatus.invalidParameter)
        }
    }

    /// A path, an FCP or an offset.
    mutating func managementValue<Target: ProfileTarget & ~Copyable>(
        _ value: OctetView,
        _ target: inout Target
    ) throws(Failure) {
        switch reader.tag {
        case 0x80: try select(value, target)
        case 0x62: try createInCurrentDirectory(try FileControlParameters(value), &target)
        default: try advance(value)
        }
    }

    private mutating func select<Target: ProfileTarget & ~Copyable>(
        _ path: OctetView,
        _ target: borrowing Target
    ) throws(Failure) {
        let found = try resolve(path, target)
        if let directory = directories.index(of: found) {
            currentDirectory = directory
            file = nil
            return
        }
        let parentPath = path.part(from: 0, length: path.count - 2)
        guard let parent = directories.index(of: try resolve(parentPath, target)), let layout = target.layout(of: found)
        else { throw Failure(Decision.pathNotFound) }
        currentDirectory = parent
        let table = ServiceTable(directories[parent].application, fileIdentifier: path.uint16(at: path.count - 2))
        file = OpenFile(found, layout, table: table)
    }

    private mutating func createInCurrentDirectory<Target: ProfileTarget & ~Copyable>(
        _ fcp: FileControlParameters,
        _ target: inout Target
    ) throws(Failure) {
        guard fcp.fileIdentifier != nil, fcp.descriptor != nil else { throw Failure(Decision.missingParameter) }
        // Without an MF there is nothing to create but the MF.
        if mf == nil, fcp.fileIdentifier != 0x3F00 || fcp.dfName != nil || fcp.descriptor.map({ $0 & 0xBF }) != 0x38 {
            throw Failure(Decision.wrongOrder)
        }
        if let directory = try create(fcp, nil, parent: currentDirectory, &target) { currentDirectory = directory }
    }
}
