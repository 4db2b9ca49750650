// Each test that starts ranks starts several processes.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
