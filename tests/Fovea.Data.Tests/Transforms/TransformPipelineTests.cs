
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Tests.Transforms;

public sealed class TransformPipelineTests
{
    [Theory]
    [InlineData("none")]
    [InlineData("hflip")]
    [InlineData("hflip:p=0.25")]
    [InlineData("pad:4")]
    [InlineData("random-crop:32")]
    [InlineData("random-crop:32:padding=4,hflip")]
    [InlineData("resize:256,center-crop:224")]
    [InlineData("resize:224x192:interpolation=bicubic")]
    [InlineData("random-resized-crop:224:scale=0.2..0.9:ratio=0.5..2:interpolation=bicubic,hflip")]
    [InlineData("vflip,vflip:p=0.25,grayscale,random-grayscale,random-grayscale:p=0.2")]
    [InlineData("color-jitter:brightness=0.4:contrast=0.4:saturation=0.2:hue=0.1")]
    [InlineData("gaussian-blur:3,gaussian-blur:5:sigma=0.5..1:p=0.1")]
    [InlineData("auto-augment,auto-augment:policy=svhn:fill=128")]
    [InlineData("rand-augment,rand-augment:ops=3:magnitude=7:bins=11:deviation=0.5:p=0.5:fill=2")]
    [InlineData("trivial-augment,trivial-augment:bins=11:fill=3")]
    [InlineData("resize:8:interpolation=nearest,resize:8:interpolation=lanczos,resize:8:interpolation=box")]
    [InlineData("random-erasing,random-erasing:p=0.25:value=random:scale=0.1..0.2:ratio=0.5..2")]
    public void A_text_is_printed_as_it_was_read(string text)
    {
        TransformPipeline pipeline = TransformPipeline.Parse(text);
        Assert.Equal(text, pipeline.ToString());
        Assert.Equal(pipeline, TransformPipeline.Parse(pipeline.ToString()));
    }

    [Fact]
    public void A_text_gives_the_described_steps() => Assert.Equal(
        new TransformPipeline(new RandomCrop(32, 4), new RandomHorizontalFlip(),
            new Resize(224, null, Interpolation.Bicubic)),
        TransformPipeline.Parse(
            " random-crop : 32 : padding = 4 , hflip, resize:224:interpolation=bicubic".Replace(" : ", ":")));

    [Theory]
    [InlineData("hflop", "there is no step 'hflop'. Did you mean 'hflip'?")]
    [InlineData("random-crop", "the size is missing; it is written random-crop:SIZE[:padding=0]")]
    [InlineData("random-crop:32:pading=4", "there is no option 'pading'; it is written random-crop:SIZE[:padding=0]")]
    [InlineData("random-crop:0", "a size must be a whole number of pixels from 1 to 16384, not '0'")]
    [InlineData("random-crop:32:4", "'4' is not an option")]
    [InlineData("random-crop:32:padding=-4", "padding must be a whole number")]
    [InlineData("hflip:p=2", "p must be a number from 0 to 1, not '2'")]
    [InlineData("hflip:3", "'3' is not an option")]
    [InlineData("hflip:p=0.1:p=0.2", "'p' stands twice")]
    [InlineData("random-resized-crop:8:scale=0..1", "scale must be LOW..HIGH with 0 < LOW <= HIGH <= 1")]
    [InlineData("resize:1x2x3", "a size is one number or HEIGHTxWIDTH")]
    [InlineData("resize:8:interpolation=nearst",
        "interpolation must be bilinear, bicubic, nearest, box or lanczos, not 'nearst' (did you mean 'nearest'?)")]
    [InlineData("color-jiter", "Did you mean 'color-jitter'?")]
    [InlineData("color-jitter:hue=0.6", "hue must be a number from 0 to 0.5, not '0.6'")]
    [InlineData("grayscale:3", "'3' is not an option; it is written grayscale")]
    [InlineData("gaussian-blur:4", "the size must be odd")]
    [InlineData("rand-augment:magnitude=31", "magnitude must be a whole number from 0 to 30, not '31'")]
    [InlineData("auto-augment:policy=cifar",
        "policy must be imagenet, cifar10 or svhn, not 'cifar' (did you mean 'cifar10'?)")]
    [InlineData("rand-m9-n", "'n' is not understood")]
    [InlineData("random-erasing,hflip", "stands last; move it to the end")]
    [InlineData("random-erasing:value=noise", "value must be zero or random, not 'noise'")]
    public void What_is_wrong_is_named_with_the_right_form(string text, string message) =>
        Assert.Contains(message, Assert.Throws<UsageException>(() => TransformPipeline.Parse(text)).Message);

    [Fact]
    public void Equal_steps_of_a_pipeline_draw_independently()
    {
        TransformPipeline twice = TransformPipeline.Parse("hflip,hflip");
        int flipped = 0;
        for (ulong i = 0; i < 400; i++)
        {
            RawImage image = new(1, 1, 2);
            image.Pixels[0] = 1;
            twice.Apply(image, Philox.For(0, "test", i), new());
            flipped += image.Pixels[1];
        }

        Assert.InRange(flipped, 150, 250);   // 200 ± 5 deviations
    }

    [Theory]
    [InlineData("cifar10", 3, 32, "random-crop:32:padding=4,hflip")]
    [InlineData("shapes", 3, 32, "none")]
    [InlineData("mnist", 1, 28, "none")]
    [InlineData("cats-and-dogs", 3, 224, "random-resized-crop:224,hflip")]
    public void The_usual_augmentation_suits_the_dataset(string name, int channels, int size, string expected) =>
        Assert.Equal(expected, Augmentation.Default(Support.Counting.Info(channels, size, 2) with { Name = name })
            .ToString());
}
