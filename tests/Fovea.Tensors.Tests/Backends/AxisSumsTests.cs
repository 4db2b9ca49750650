using Fovea.Tensors.Backends.Cpu.Attention;

namespace Fovea.Tensors.Tests.Backends;

public sealed class AxisSumsTests
{
    [Fact]
    public void Every_reader_gets_the_positions_of_its_window_once()
    {
        for (int size = 1; size <= 9; size++)
            for (int low = -size + 1; low < size; low++)
                for (int high = low; high < size; high++)
                {
                    Positions positions = new(size);
                    AxisSums.Slide(size, low, high, ref positions);
                    for (int reader = 0; reader < size; reader++)
                        Assert.Equal(Enumerable.Range(0, size).Where(p => p >= reader - high && p <= reader - low),
                            positions.Received[reader].Order());
                }
    }

    [Fact]
    public void The_work_is_linear_whatever_the_window()
    {
        foreach ((int low, int high) in ((int, int)[])[(-999, 999), (-10, 10), (0, 0), (-999, -500), (3, 700)])
        {
            Counts counts = default;
            AxisSums.Slide(1000, low, high, ref counts);
            Assert.True(counts.Steps <= 4000, $"{low}..{high}: {counts.Steps}");
        }
    }

    private readonly struct Positions(int size) : IAxisSum
    {
        private readonly List<int> _sum = [];

        public List<int>[] Received { get; } = [.. Enumerable.Range(0, size).Select(_ => new List<int>())];

        public void Clear() => _sum.Clear();

        public void Add(int position) => _sum.Add(position);

        public void Read(int position) => Received[position].AddRange(_sum);
    }

    private struct Counts : IAxisSum
    {
        public int Steps { get; private set; }

        public readonly void Clear()
        {
        }

        public void Add(int position) => Steps++;

        public void Read(int position) => Steps++;
    }
}
