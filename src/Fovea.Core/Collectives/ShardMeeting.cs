using System.Runtime.ExceptionServices;

namespace Fovea.Core.Collectives;

/// <summary>
/// Shards of this rank that are computed together because they need each other's numbers on the way, as batch norm
/// does. Each has a thread of its own, but one alone runs at a time, in the order of the shards, until it needs the
/// others.
/// </summary>
public sealed class ShardMeeting : IDisposable
{
    [ThreadStatic]
    private static Seat? _current;

    private readonly Func<float[][], float[][]> _exchange;
    private readonly Seat[] _seats;
    private readonly SemaphoreSlim[] _turns;
    private readonly SemaphoreSlim _done = new(0);
    private Action<int> _body = _ => { };
    private Action<int> _suspended = _ => { };
    private Action<int> _resumed = _ => { };
    private float[][] _all = [];
    private int _exchanges;
    private Exception? _failure;
    private bool _isOver;

    /// <param name="count">Shards of this rank.</param>
    /// <param name="exchange">From the values of this rank's shards to those of all shards; one call for each meeting,
    /// on all ranks.</param>
    public ShardMeeting(int count, Func<float[][], float[][]> exchange)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _exchange = exchange;
        _turns = [.. Enumerable.Range(0, count).Select(_ => new SemaphoreSlim(0))];
        _seats = [.. Enumerable.Range(0, count).Select(i => new Seat(this, i))];
        foreach (Seat seat in _seats) seat.Start();
    }

    /// <summary>The shard that this thread computes; null where shards do not meet.</summary>
    public static Seat? Current => _current;

    /// <summary>Computes all shards.</summary>
    /// <param name="body">Computes one, by its number on this rank.</param>
    /// <param name="suspended">Called on a shard's thread before another one runs.</param>
    /// <param name="resumed">Called on a shard's thread when it goes on.</param>
    /// <exception cref="InvalidOperationException">The shards did not meet equally often.</exception>
    public void Run(Action<int> body, Action<int> suspended, Action<int> resumed)
    {
        (_body, _suspended, _resumed, _failure, _exchanges) = (body, suspended, resumed, null, 0);
        foreach (Seat seat in _seats) seat.Begin();
        _turns[0].Release();
        _done.Wait();
        if (_failure is not null) ExceptionDispatchInfo.Throw(_failure);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isOver = true;
        foreach (SemaphoreSlim turn in _turns) turn.Release();
        foreach (Seat seat in _seats) seat.Join();
        foreach (SemaphoreSlim turn in _turns) turn.Dispose();
        _done.Dispose();
    }

    /// <summary>Lets the next shard run that is not finished; after the last one the caller of
    /// <see cref="Run"/>.</summary>
    private void PassFrom(int number)
    {
        for (int i = 1; i <= _seats.Length; i++)
        {
            int next = (number + i) % _seats.Length;
            if (_seats[next].IsFinished) continue;
            _turns[next].Release();
            return;
        }

        _done.Release();
    }

    /// <summary>A shard and its thread.</summary>
    public sealed class Seat
    {
        private readonly ShardMeeting _meeting;
        private readonly int _number;
        private readonly Thread _thread;
        private float[] _values = [];
        private int _meetings;

        internal Seat(ShardMeeting meeting, int number)
        {
            (_meeting, _number) = (meeting, number);
            _thread = new Thread(Work) { IsBackground = true, Name = $"shard {number}" };
        }

        /// <summary>True for the first shard of a rank, which does what a rank does once.</summary>
        public bool IsFirst => _number == 0;

        internal bool IsFinished { get; private set; }

        /// <summary>Gives this shard's values to all others, on all ranks, and gets theirs.</summary>
        /// <param name="values">As many for every shard.</param>
        /// <returns>The values by shard; they are not changed until the next meeting.</returns>
        public float[][] Meet(float[] values)
        {
            (_values, _meetings) = (values, _meetings + 1);
            if (_number == _meeting._seats.Length - 1) Exchange();
            if (_meeting._seats.Length == 1) return _meeting._all;
            _meeting._suspended(_number);
            _meeting.PassFrom(_number);
            _meeting._turns[_number].Wait();
            if (_meeting._failure is not null) throw new OperationCanceledException("another shard failed.");
            if (_meeting._exchanges < _meetings) throw Uneven();
            _meeting._resumed(_number);
            return _meeting._all;
        }

        internal void Start() => _thread.Start();

        internal void Begin() => (IsFinished, _meetings) = (false, 0);

        internal void Join() => _thread.Join();

        private static InvalidOperationException Uneven() =>
            new("Shards of a batch did not need each other equally often.");

        private void Exchange()
        {
            foreach (Seat seat in _meeting._seats)
                if (seat._meetings != _meetings) throw Uneven();
            _meeting._all = _meeting._exchange([.. _meeting._seats.Select(seat => seat._values)]);
            _meeting._exchanges++;
        }

        private void Work()
        {
            _current = this;
            while (true)
            {
                _meeting._turns[_number].Wait();
                if (_meeting._isOver) return;
                try
                {
                    if (_meeting._failure is null) _meeting._body(_number);
                }
                catch (Exception error)   // whatever it is, it belongs to the caller of Run
                {
                    _meeting._failure ??= error;
                }

                IsFinished = true;
                _meeting.PassFrom(_number);
            }
        }
    }
}
