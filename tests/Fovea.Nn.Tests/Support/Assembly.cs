// Tests share the CPU device and its worker threads.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
