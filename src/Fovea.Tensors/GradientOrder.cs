namespace Fovea.Tensors;

/// <summary>
/// When in a backward pass the gradients of parameters are final, so that they can leave while it still runs. The first
/// pass over a tape of so many records finds it out, later ones hold to it.
/// </summary>
/// <param name="leaves">The parameters.</param>
public sealed class GradientOrder(IReadOnlyList<Tensor> leaves)
{
    [ThreadStatic]
    private static Pass? _pass;

    private readonly Dictionary<Tensor, int> _numbers =
        leaves.Select((leaf, i) => (leaf, i)).ToDictionary(entry => entry.leaf, entry => entry.i);

    private readonly Dictionary<int, int[][]> _known = [];

    internal static void Touch(Tensor tensor) => _pass?.Touch(tensor);

    /// <summary>A backward pass on this thread; one inside it, of a checkpointed part, belongs to the record it is
    /// in.</summary>
    internal Pass Begin(int records, Action<int> isFinal) => _pass = new(this, records, isFinal);

    /// <summary>One backward pass.</summary>
    internal sealed class Pass : IDisposable
    {
        private readonly GradientOrder _order;
        private readonly Action<int> _isFinal;
        private readonly int _records;
        private readonly int[] _last;
        private readonly bool[] _told;
        private readonly int[][]? _known;
        private int _record;

        public Pass(GradientOrder order, int records, Action<int> isFinal)
        {
            (_order, _records, _record, _isFinal) = (order, records, records, isFinal);
            _last = new int[order._numbers.Count];
            _told = new bool[_last.Length];
            _last.AsSpan().Fill(records);
            lock (order._known) _known = order._known.GetValueOrDefault(records);
            Tell(records);
        }

        public void Touch(Tensor tensor)
        {
            if (!_order._numbers.TryGetValue(tensor, out int number)) return;
            if (_told[number])
                throw new InvalidOperationException($"The gradient of {tensor} changed after it was final.");
            _last[number] = _record;
        }

        /// <summary>The pass comes to a record; records are walked from the last to the first.</summary>
        public void Enter(int record) => _record = record;

        /// <summary>The pass is done with a record.</summary>
        public void Leave(int record) => Tell(record);

        /// <summary>The pass is done.</summary>
        public void End()
        {
            _pass = null;   // what is told from here on may change gradients
            for (int i = 0; i < _told.Length; i++) Tell([i]);
            if (_known is not null) return;
            int[][] known = [.. Enumerable.Range(0, _records + 1).Select(record =>
                Enumerable.Range(0, _last.Length).Where(i => _last[i] == record).ToArray())];
            lock (_order._known) _order._known[_records] = known;
        }

        public void Dispose() => _pass = null;

        private void Tell(int record)
        {
            if (_known is not null) Tell(_known[record]);
        }

        private void Tell(int[] numbers)
        {
            foreach (int number in numbers)
            {
                if (_told[number]) continue;
                _told[number] = true;
                _isFinal(number);
            }
        }
    }
}
