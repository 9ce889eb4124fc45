import Octets

/// The work on a profile element that creates the files of a template.
struct TemplateWork {
    var template: Template?
    /// The first row that has not been dealt with.
    var nextRow = 0
    var lastTag: UInt32 = 0
    /// The row of the member that is being read.
    var row: TemplateFile?
    var hasInstance = false
    var isSuppressed = false
    /// The directories created so far: the tag of their member, their place in the list of directories.
    private var directoryTags = InlineArray<8, UInt32>(repeating: 0)
    private var directoryPlaces = InlineArray<8, Int>(repeating: 0)
    private var directoryCount = 0

    init(_ template: Template? = nil) {
        self.template = template
    }

    /// No template has more than seven directories; a member repeated beyond that is not remembered.
    mutating func add(directory: Int, tag: UInt32) {
        guard directoryCount < 8 else { return }
        directoryTags[directoryCount] = tag
        directoryPlaces[directoryCount] = directory
        directoryCount += 1
    }

    func directory(tag: UInt32) -> Int? {
        for index in 0..<directoryCount where directoryTags[index] == tag { return directoryPlaces[index] }
        return nil
    }
}

// Files by a template: eUICC Profile Package 8.3.1 to 8.3.3, figure 2.

extension ProfileInstaller {
    mutating func beginTemplate<Target: ProfileTarget & ~Copyable>(
        _ identifier: OctetView,
        _ target: inout Target
    ) throws(Failure) {
        guard case .files(let files) = element.kind else { return }
        guard let template = Template(identifier), template.number == files.template else {
            try report(PackageStatus.templateNotSupported)
            return skipFiles()
        }
        work = TemplateWork(template)
        file = nil
        element.stage = .members
    }

    /// Passes over the rest of an element, and notes that what it would have created is missing.
    mutating func skipFiles() {
        element.stage = .skipped
        guard case .files(let files) = element.kind else { return }
        guard Template(number: files.template, version: 1)?.files.first?.isDirectory == true else { return }
        isContextMissing = true
        pinContext = nil
    }

    /// The header of a member, or of an element of a member.
    mutating func templateHeader<Target: ProfileTarget & ~Copyable>(
        _ tag: UInt32,
        _ target: inout Target
    ) throws(Failure) {
        if reader.depth == 1 { return try beginMember(tag, &target) }
        switch tag {
        case 0x80:
            guard reader.length == 0 else { throw Failure(Decision.malformed) }
            try doNotCreate()
        case 0xA1, 0x82, 0x83:
            if work.isSuppressed { throw Failure(PackageStatus.badValues) }
            if tag == 0x83 {
                try instantiate(&target)
                reader.stream()
            } else {
                try collect(limit: tag == 0xA1 ? FileControlParameters.limit : 4)
            }
        default: try report(PackageStatus.invalidParameter)
        }
    }

    /// A file descriptor or an offset.
    mutating func templateValue<Target: ProfileTarget & ~Copyable>(
        _ value: OctetView,
        _ target: inout Target
    ) throws(Failure) {
        if reader.tag == 0xA1 {
            guard let row = work.row else { return }
            try instantiate(row, try FileControlParameters(value), &target)
        } else {
            try instantiate(&target)
            try advance(value)
        }
    }

    /// The end of a member, or of the element.
    mutating func templateEnd<Target: ProfileTarget & ~Copyable>(_ target: inout Target) throws(Failure) {
        if reader.depth == 0 { return try createDefaults(before: .max, &target) }
        guard work.row != nil else { return }
        if !work.isSuppressed { try instantiate(&target) }
        work.row = nil
    }

    private mutating func beginMember<Target: ProfileTarget & ~Copyable>(
        _ tag: UInt32,
        _ target: inout Target
    ) throws(Failure) {
        guard let template = work.template, tag > work.lastTag else { throw Failure(Decision.malformed) }
        work.lastTag = tag
        try createDefaults(before: tag, &target)
        work.row = nil
        let files = template.files
        while work.nextRow < files.count, files[work.nextRow].tag == tag {
            let row = files[work.nextRow]
            work.nextRow += 1
            if template.holds(row) { work.row = row }
        }
        guard let row = work.row else { return try report(Decision.memberUnknownToTemplate) }
        guard Services.supports(row.service) else {
            warn(PackageStatus.featureNotSupported, additionalInformation: row.service.rawValue)
            work.row = nil
            return
        }
        work.hasInstance = false
        work.isSuppressed = false
        try enter()
    }

    /// Creates the files whose members the element does not hold, if the template wants them.
    private mutating func createDefaults<Target: ProfileTarget & ~Copyable>(
        before tag: UInt32,
        _ target: inout Target
    ) throws(Failure) {
        guard let template = work.template else { return }
        let files = template.files
        while work.nextRow < files.count, files[work.nextRow].tag < tag {
            let row = files[work.nextRow]
            work.nextRow += 1
            if template.isCreatedByDefault, template.holds(row) {
                try instantiate(row, FileControlParameters(), &target)
            }
        }
    }

    private mutating func doNotCreate() throws(Failure) {
        guard let template = work.template, template.isCreatedByDefault, !work.hasInstance else {
            throw Failure(PackageStatus.badValues)
        }
        // It has no effect in PE-MF.
        if template.number != 1 { work.isSuppressed = true }
    }

    /// Creates the file of the current member as the template has it, unless an FCP has done so already.
    private mutating func instantiate<Target: ProfileTarget & ~Copyable>(_ target: inout Target) throws(Failure) {
        guard let row = work.row, !work.hasInstance else { return }
        try instantiate(row, FileControlParameters(), &target)
    }

    private mutating func instantiate<Target: ProfileTarget & ~Copyable>(
        _ row: TemplateFile,
        _ fcp: FileControlParameters,
        _ target: inout Target
    ) throws(Failure) {
        var parent: Int?
        if row.parent != 0 {
            guard let directory = work.directory(tag: row.parent) else { throw Failure(Decision.missingDirectory) }
            parent = directory
        } else if case .files(let files) = element.kind {
            switch files.place {
            case .package: parent = nil
            case .mf: parent = mf
            case .application, .anyApplication: parent = application
            }
        }
        work.hasInstance = true
        if let directory = try create(fcp, row, parent: parent, &target) {
            work.add(directory: directory, tag: row.tag)
        }
    }
}
