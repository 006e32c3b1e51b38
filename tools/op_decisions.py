"""Decisions on ops of TensorFlow that their definitions do not tell, with reasons.

Each is a judgement on an op's documentation, arguments and attributes, with the worst
that a graph written for harm could have it do in a server. `tools/classify_ops.py`
applies them. A served graph may have what is "pure" or "stateful"; the reason of every
other group is what `scan` says that its ops could do.
"""

from helpers.graphs.op_classes import (
    LOG,
    PYTHON,
    READS,
    REASONS,
    SAVER,
    STALE_MEMORY,
    STATE,
    WAITS,
    WRITES,
    OpClass,
)

Group = OpClass

STRINGS = Group("pure", "computes strings from strings, or from the bytes of a tensor")
MODES = Group("pure", "computes only; its texts choose among modes")
VARIANTS = Group("pure", "computes with lists, maps and sparse matrices of the run")
CALLS = Group("pure", "calls functions of the graph, which are searched too")
PIPELINE = Group("pure", "a pipeline over tensors of the run, which ends with the run")
FUSED = Group("pure", "computes only; stored graphs that were optimized have it")
RUN = Group("stateful", "has state that ends with the run")
TABLES = Group("stateful", "a lookup table, filled from constants, and questions to it")
VARIABLES = Group("stateful", "reads a variable, which is empty if nothing writes it")
NUMBERS = Group("stateful", "draws random numbers")
CHECKS = Group("stateful", "checks a value or reads a setting or a clock")
FLOWS = Group("stateful", "calls functions of the graph, which are searched too")
ANY_FILE = Group("file-reads", "reads any file of the machine as its value")
WRITTEN = Group("file-writes", WRITES)
DEBUGGER = Group("file-writes", "sends tensors to a file or an address, for a debugger")
SERVICES = Group("network", REASONS["network"])
ACCELERATORS = Group("accelerators", REASONS["accelerators"])
PROGRAMS = Group("programs", REASONS["programs"])
COMPILES = Group("programs", "compiles code by another path than the session's own")
QUEUES = Group("waits", WAITS)
OTHERS = Group("waits", "waits for other programs, which may never answer")
REQUESTS = Group("waits", "waits for other requests, and mixes their values")
ELEMENTS = Group(
    "waits", "waits for the elements of a pipeline, which all requests share"
)
LOCKS = Group("waits", "holds a lock that other runs wait for")
SLEEPS = Group("waits", "sleeps as long as the graph says")
GRADIENTS = Group("waits", "waits for gradients, and keeps them for later requests")
KEEPS = Group("state", STATE)
STALE = Group("state", STALE_MEMORY)
IN_PLACE = Group("state", "writes values of one request into a constant, for others")
LEARNS = Group("state", "learns from the values of each request")
BUFFERS = Group("unbounded", "runs a pipeline with threads or buffers without bound")
STORES = Group("unbounded", "stores a tensor in each run, until another op takes it")
STATISTICS = Group("unbounded", "gathers statistics of each run without bound")
THREADS = Group("unbounded", "starts as many threads as the graph says")
BOMBS = Group("unbounded", "unpacks a few bytes of a request to any size")
INTERNAL = Group("internal", REASONS["internal"])
TESTS = Group("internal", "is for TensorFlow's own tests")

DECISIONS = {
    STRINGS: """
        AsString DecodeBase64 EncodeBase64 DecodeBmp DecodeCSV DecodeGif DecodeImage
        DecodeJSONExample DecodeJpeg DecodeAndCropJpeg DecodeJxl DecodePaddedRaw
        DecodePng DecodeRaw DecodeWav DecodeWebP EncodeJpeg EncodeJpegVariableQuality
        EncodePng EncodeWav ExtractJpegShape Fingerprint ParseExample ParseExampleV2
        ParseSequenceExample ParseSequenceExampleV2 ParseSingleExample
        ParseSingleSequenceExample ParseTensor SerializeTensor DeserializeManySparse
        RegexFullMatch RegexReplace StaticRegexFullMatch StaticRegexReplace ReduceJoin
        StringFormat StringJoin StringLength StringLower StringNGrams StringSplit
        StringSplitV2 StringStrip StringToHashBucket StringToHashBucketFast
        StringToHashBucketStrong StringToNumber StringUpper Substr UnicodeDecode
        UnicodeDecodeWithOffsets UnicodeEncode UnicodeTranscode UnsortedSegmentJoin
        SdcaFprint SparseCrossV2 ShardedFilename ShardedFilespec AudioSummary
        AudioSummaryV2 HistogramSummary ImageSummary MergeSummary ScalarSummary
        TensorSummary TensorSummaryV2 EncodeProto DecodeProtoV2""",
    MODES: """
        Const HostConst DataFormatDimMap DataFormatVecPermute DenseToDenseSetOperation
        DenseToSparseSetOperation SparseToSparseSetOperation Einsum Enter
        ExtractGlimpse ExtractGlimpseV2 GatherNd ImageProjectiveTransformV2
        ImageProjectiveTransformV3 PreventGradient RaggedCross RaggedTensorToTensor
        ScaleAndTranslate ScaleAndTranslateGrad ScatterNd ScatterNdNonAliasingAdd
        TensorScatterAdd TensorScatterMax TensorScatterMin TensorScatterSub
        TensorScatterUpdate UniformQuantizedConvolution
        UniformQuantizedConvolutionHybrid XlaConv XlaConvV2 XlaDot XlaDotV2 XlaEinsum
        XlaDequantize XlaGather XlaSharding XlaSvd XlaSpmdShardToFullShape
        XlaSpmdFullToShardShape
        BoostedTreesCalculateBestFeatureSplit BoostedTreesCalculateBestFeatureSplitV2
        BoostedTreesSparseCalculateBestFeatureSplit""",
    VARIANTS: """
        CSRSparseMatrixComponents CSRSparseMatrixToDense CSRSparseMatrixToSparseTensor
        DenseToCSRSparseMatrix SparseMatrixAdd SparseMatrixMatMul SparseMatrixMul
        SparseMatrixNNZ SparseMatrixOrderingAMD SparseMatrixSoftmax
        SparseMatrixSoftmaxGrad SparseMatrixSparseCholesky SparseMatrixSparseMatMul
        SparseMatrixTranspose SparseMatrixZeros SparseTensorToCSRSparseMatrix
        CompositeTensorVariantFromComponents CompositeTensorVariantToComponents
        CompressElement UncompressElement OptionalFromValue OptionalGetValue
        OptionalHasValue OptionalNone RaggedTensorFromVariant RaggedTensorToVariant
        RaggedTensorToVariantGradient EmptyTensorList EmptyTensorMap TensorListConcat
        TensorListConcatLists TensorListConcatV2 TensorListElementShape
        TensorListFromTensor TensorListGather TensorListGetItem TensorListLength
        TensorListPopBack TensorListPushBack TensorListPushBackBatch TensorListReserve
        TensorListResize TensorListScatter TensorListScatterIntoExistingList
        TensorListScatterV2 TensorListSetItem TensorListSplit TensorListStack
        TensorMapErase TensorMapHasKey TensorMapInsert TensorMapLookup TensorMapSize
        TensorMapStackKeys""",
    CALLS: """
        For MapDefun PartitionedCall RiscCondition StatelessCase StatelessIf
        StatelessWhile SymbolicGradient XlaReduce XlaReduceWindow XlaScatter
        XlaSelectAndScatter XlaVariadicReduce XlaVariadicReduceV2 XlaVariadicSort""",
    # tf.data.experimental.get_single_element is TensorFlow's way to have a pipeline in
    # a served graph. Only what buffers nothing and has no threads of its own.
    PIPELINE: """
        TensorDataset TensorSliceDataset SparseTensorSliceDataset RangeDataset
        ListDataset MapDataset ExperimentalMapDataset FilterDataset FlatMapDataset
        InterleaveDataset ConcatenateDataset ZipDataset TakeDataset SkipDataset
        TakeWhileDataset ExperimentalTakeWhileDataset ScanDataset
        ExperimentalScanDataset BatchDataset BatchDatasetV2 PaddedBatchDataset
        PaddedBatchDatasetV2 UnbatchDataset ExperimentalUnbatchDataset RebatchDataset
        RebatchDatasetV2 ExperimentalRebatchDataset DenseToSparseBatchDataset
        ExperimentalDenseToSparseBatchDataset ShardDataset
        DatasetCardinality ExperimentalDatasetCardinality DatasetToSingleElement
        ReduceDataset""",
    FUSED: """
        _FusedBatchNormEx _FusedConv2D _FusedConv3D _FusedDepthwiseConv2dNative
        _FusedMatMul""",
    RUN: """
        DebugGradientRefIdentity DestroyTemporaryVariable RefEnter RefExit
        RefIdentity RefMerge RefNextIteration RefSelect RefSwitch DeepCopy""",
    TABLES: """
        HashTable HashTableV2 AnonymousHashTable MutableHashTable MutableHashTableV2
        AnonymousMutableHashTable MutableHashTableOfTensors MutableHashTableOfTensorsV2
        AnonymousMutableHashTableOfTensors MutableDenseHashTable MutableDenseHashTableV2
        AnonymousMutableDenseHashTable InitializeTable InitializeTableV2
        LookupTableExport LookupTableExportV2 LookupTableFind LookupTableFindV2
        LookupTableImport LookupTableImportV2 LookupTableInsert LookupTableInsertV2
        LookupTableRemoveV2 LookupTableSize LookupTableSizeV2""",
    VARIABLES: """
        VarHandleOp Variable VariableV2 ReadVariableOp VarIsInitializedOp
        IsVariableInitialized VariableShape ResourceGather ResourceGatherNd
        DisableCopyOnRead""",
    NUMBERS: """
        NonDeterministicInts RngReadAndSkip RngSkip StatefulRandomBinomial
        StatefulStandardNormal StatefulStandardNormalV2 StatefulTruncatedNormal
        StatefulUniform StatefulUniformFullInt StatefulUniformInt
        StatelessRandomGetAlg""",
    CHECKS: """
        Assert CheckNumerics CheckNumericsV2 DeviceIndex Empty GraphDefVersion
        GuaranteeConst IsTensorFloat32Enabled Timestamp""",
    FLOWS: "Case If While StatefulPartitionedCall XlaIf XlaWhile RiscWhile",
    Group("file-reads", READS): """
        ReadFile MatchingFiles ReaderRead ReaderReadV2 ReaderReadUpTo ReaderReadUpToV2
        WholeFileReader WholeFileReaderV2 TextLineReader TextLineReaderV2
        FixedLengthRecordReader FixedLengthRecordReaderV2 TFRecordReader
        TFRecordReaderV2 LMDBReader RecordInput Skipgram GenerateVocabRemapping
        InitializeTableFromTextFile InitializeTableFromTextFileV2 TextLineDataset
        TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset
        FixedLengthRecordDatasetV2 CSVDataset CSVDatasetV2 ExperimentalCSVDataset
        LMDBDataset ExperimentalLMDBDataset MatchingFilesDataset
        ExperimentalMatchingFilesDataset LoadDataset ListSnapshotChunksDataset
        SnapshotChunkDataset SnapshotDatasetReader SnapshotNestedDatasetReader
        SqlDataset ExperimentalSqlDataset""",
    ANY_FILE: "ImmutableConst",
    WRITTEN: """
        WriteFile DatasetToTFRecord ExperimentalDatasetToTFRecord SaveDataset
        SaveDatasetV2 SnapshotDataset SnapshotDatasetV2 DistributedSave DumpTensor
        CalibrationStatisticsSaver CreateSummaryFileWriter CreateSummaryDbWriter
        SummaryWriter WriteSummary WriteRawProtoSummary WriteScalarSummary
        WriteHistogramSummary WriteImageSummary WriteAudioSummary WriteGraphSummary
        ImportEvent FlushSummaryWriter CloseSummaryWriter
        StatsAggregatorSetSummaryWriter""",
    DEBUGGER: """
        Copy CopyHost DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount
        DebugNumericSummary DebugNumericSummaryV2""",
    Group("checkpoints", SAVER): """
        Save SaveSlices SaveV2 Restore RestoreSlice RestoreV2 DTensorRestoreV2
        MergeV2Checkpoints LoadAndRemapMatrix""",
    Group("log", LOG): "Print PrintV2",
    Group("python", PYTHON): "PyFunc PyFuncStateless EagerPyFunc",
    # Its functions call the Python of the process that made the dataset.
    Group("python", "pulls from a generator, which in practice is Python code"): """
        GeneratorDataset""",
    SERVICES: """
        RpcServer RpcServerStart RpcServerRegister RpcClient RpcCall RpcCheckStatus
        RpcGetValue DeleteRpcFutureResource RegisterDataset RegisterDatasetV2
        DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3
        DataServiceDatasetV4""",
    Group(
        "network", "runs a function on a device or machine that a request may name"
    ): """
        RemoteCall""",
    ACCELERATORS: """
        _DisconnectHostFromDistributedTPUSystem CopyToMesh CopyToMeshGrad Relayout
        RelayoutLike GlobalIterId WorkerHeartbeat UpdateTaskIdAndGlobalCoreArray
        AssignVariableXlaConcatND ReadVariableXlaSplitND XlaSplitND XlaConcatND
        XlaSparseActivationsUnstack XlaSparseGradientsStack XlaSparseDenseMatmul""",
    PROGRAMS: """
        DatasetFromGraph MlirPassthroughOp XlaCallModule XlaCustomCall XlaCustomCallV2
        XlaHostCompute _XlaHostComputeMlir""",
    COMPILES: "XlaLaunch XlaLaunchV2 _XlaCompile _XlaRun",
    OTHERS: """
        AllToAll CrossReplicaSum Send Recv _Send _Recv _HostSend _HostRecv XlaSend
        XlaRecv XlaRecvFromHost XlaSendToHost _XlaRecvAtHost _XlaRecvAtHostV2
        _XlaSendFromHost _XlaSendFromHostV2 XlaAllReduce XlaReduceScatter SyncDevice""",
    REQUESTS: "Batch BatchFunction Unbatch UnbatchGrad",
    LOCKS: "MutexV2 MutexLock ConsumeMutexLock",
    SLEEPS: "SleepDataset ExperimentalSleepDataset SleepOp SleepIdentityOp",
    STALE: "TemporaryVariable",
    # Their kernels write to the buffer of their input, whatever op it comes from.
    IN_PLACE: "InplaceAdd InplaceSub InplaceUpdate",
    LEARNS: """
        LearnedUnigramCandidateSampler ThreadUnsafeUnigramCandidateSampler
        CustomAggregator NegTrain""",
    KEEPS: """
        AnonymousRandomSeedGenerator AnonymousSeedGenerator DummySeedGenerator
        DummyIterationCounter AnonymousMemoryCache DummyMemoryCache
        BoostedTreesCreateEnsemble IsBoostedTreesEnsembleInitialized""",
    STORES: """
        AddSparseToTensorsMap AddManySparseToTensorsMap TakeManySparseFromTensorsMap
        GetSessionHandle GetSessionHandleV2 GetSessionTensor DeleteSessionTensor""",
    STATISTICS: """
        ExperimentalStatsAggregatorHandle ExperimentalStatsAggregatorSummary
        StatsAggregatorHandle StatsAggregatorHandleV2 StatsAggregatorSummary""",
    THREADS: """
        ThreadPoolHandle ExperimentalThreadPoolHandle ThreadPoolDataset
        ExperimentalThreadPoolDataset PrivateThreadPoolDataset
        ExperimentalPrivateThreadPoolDataset""",
    BOMBS: "DecodeCompressed",
    BUFFERS: "ComputeBatchSize GetElementAtIndex GetOptions DatasetToGraph WindowOp",
    Group("process", "ends the process"): "Abort",
    Group("process", "changes how the process sees its files"): """
        FileSystemSetConfiguration""",
    INTERNAL: """
        SplitDedupData MergeDedupData Prelinearize PrelinearizeTuple
        FilterByLastComponentDataset""",
    TESTS: """
        A Attr AttrBool AttrBoolList AttrDefault AttrEmptyListDefault AttrEnum
        AttrEnumList AttrFloat AttrListDefault AttrListMin AttrListTypeDefault AttrMin
        AttrPartialShape AttrPartialShapeList AttrShape AttrShapeList AttrTypeDefault B
        Binary CheckPinned ComplexStruct ConstructionFails CopyOp DefaultAttrs
        DevicePlacementOp DtypeWithDefaultOp Fact FiveFloatOutputs FloatInput
        FloatOutput FloatOutputStringOutput Foo1 Foo2 Foo3 FuncAttr FuncListAttr
        GetDeadline InPolymorphicTwice Int64Output IntAttr IntInput IntInputFloatInput
        IntInputIntOutput IntOutput IntOutputFloatOutput IsResourceHandleRefCounting
        KernelLabel KernelLabelRequired ListInput ListOutput MakeWeakResourceHandle
        MixedStruct NInPolymorphicTwice NInTwice NInTwoTypeVariables NIntsIn NIntsOut
        NIntsOutDefault NPolymorphicIn NPolymorphicOut NPolymorphicOutDefault
        NPolymorphicRestrictIn NPolymorphicRestrictOut Namespace>TestStringOutput None
        Old OpWithDefaultAttr OpWithFutureDefaultAttr OutT OutTypeList
        OutTypeListRestrict Polymorphic PolymorphicDefaultOut PolymorphicOut RefIn
        RefInputFloatInput RefInputFloatInputIntOutput RefInputIntInput RefOut RefOutput
        RefOutputFloatOutput RequiresOlderGraphVersion ReservedAttr ReservedInput
        ResourceCreateOp ResourceInitializedOp ResourceUsingOp Restrict Simple
        SimpleStruct StringListAttr StubResourceHandleOp TestAttr TestStringOutput
        TwoFloatInputs TwoFloatInputsFloatOutput TwoFloatInputsIntOutput TwoFloatOutputs
        TwoIntInputs TwoIntOutputs TwoRefsIn TypeList TypeListRestrict TypeListTwice
        Unary""",
}

# Looked at in this order, for what is in no list.
FAMILIES = (
    (r"^_?Nccl|^Collective", OTHERS),
    (
        r"TPU|Tpu|^DTensor|DedupData|Infeed|Outfeed|Minibatch|SparseCore|CooTensor",
        ACCELERATORS,
    ),
    (r"^XlaSparse(Dense|Core)\w+", ACCELERATORS),
    (r"^_", INTERNAL),
    (r"^Stack(Push|Pop|Close)?(V2)?$|^TensorArray", RUN),
    (r"Queue(V2)?$|^Queue(Close|Dequeue|Enqueue|IsClosed|Size)", QUEUES),
    (r"^Barrier", QUEUES),
    (r"^(Ordered)?Map(Clear|IncompleteSize|Peek|Size|Stage|Unstage)", QUEUES),
    (r"^(Un)?[Ss]tage(Clear|Peek|Size)?$", QUEUES),
    (r"Iterator", ELEMENTS),
    (r"Accumulator", GRADIENTS),
    (r"Dataset", BUFFERS),
    (r"^(Dummy|Delete|Anonymous)(MemoryCache|\w*SeedGenerator)$", KEEPS),
    (r"^(Identity)?Reader", Group("file-reads", READS)),
)
