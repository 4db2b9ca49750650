using Fovea.Training.Tests.Support;
using Fovea.Training.Tracking;
using Fovea.Training.Tracking.Formats.TensorBoard;

namespace Fovea.Training.Tests.Tracking;

public class EventFileTests
{
    [Fact]
    // RFC 3720, the usual check value
    public void Crc32CIsCastagnolis() => Assert.Equal(0xE3069283u, EventFile.Crc32C("123456789"u8));

    [Fact]
    public void RecordsReadBackByTheSpecification()
    {
        using TemporaryFolder folder = new();
        using (EventFile file = new(folder.Path))
        {
            for (int i = 0; i < 40; i++)
                file.Write(new Event
                {
                    Step = i,
                    Summary = new Summary
                    {
                        Value = { new Summary.Types.Value { Tag = new string('t', i), SimpleValue = i / 8f } }
                    }
                });
        }

        string path = Assert.Single(Directory.GetFiles(folder.Path));
        Assert.Matches(@"events\.out\.tfevents\.\d+\..+", Path.GetFileName(path));
        List<WireMessage> events = TrackedFiles.Events(path);
        Assert.Equal("brain.Event:2", events[0].Text(3));
        Assert.Equal(Enumerable.Range(0, 40).Select(i => (long)i), events.Skip(1).Select(entry => entry.Whole(2)));
        Assert.Equal(39 / 8f, events[40].Message(5).Message(1).Real(2));
        Assert.Equal(39, events[40].Message(5).Message(1).Text(1).Length);
        Assert.InRange(events[0].Real(1), 1.7e9, 1e10);   // seconds since 1970
    }

    [Fact]
    public void TwoFilesOfOneSecondHaveTwoNames()
    {
        using TemporaryFolder folder = new();
        using EventFile first = new(folder.Path), second = new(folder.Path);
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
    }
}
