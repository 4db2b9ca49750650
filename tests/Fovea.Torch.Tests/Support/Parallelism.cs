// Handles are counted for the whole process, and libtorch's threads are those of all tests.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
