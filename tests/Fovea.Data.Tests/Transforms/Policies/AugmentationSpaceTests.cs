using Fovea.Data.Tests.Support;
using Fovea.Data.Transforms.Pixels;
using Fovea.Data.Transforms.Policies;

namespace Fovea.Data.Tests.Transforms.Policies;

public sealed class AugmentationSpaceTests
{
    [Theory]   // an image of 4 x 5 pixels, whole, and one of 61 x 47, as a digest: see Pattern
    [InlineData("ShearX", 0.27000001072883606,
        "284e82c4238e09831ab03100ceb900c6db0d3e008ad741aa30c26414c38f" +
        "5e54586a00c5105ab20034a839c9763e07cfb4a7c4e11b54000c6fe06e00",
        "26fa6e3e6c4f663a")]
    [InlineData("ShearX", -0.9900000095367432,
        "284e82c423008e09831a0000703100000000bfc68ad741aa3000c26414c3" +
        "0000765e5400000097c534a839c976003e07cfb40000b5c4e1000000a80c",
        "752e733adb9d0aa7")]
    [InlineData("ShearY", 0.15000000596046448,
        "284e821ab08e0983ceb97031000d3ebfc6db00008ad741c38fc26414586a" +
        "765e545ab297c510000034a839b4a73e07cf1b54b5c4e1e06ea80c6f0000",
        "20830763148e247c")]
    [InlineData("ShearY", -0.30000001192092896,
        "284e0000008e0982c4237031831ab0bfc600ceb98ad7000000c26441aa30" +
        "765e14c38f97c554586a34a80000003e0739c976b5c4cfb4a7a80ce11b54",
        "d7719d59757533ee")]
    [InlineData("TranslateX", 3.7,
        "000000284e0000008e090000007031000000bfc60000008ad7000000c264" +
        "000000765e00000097c500000034a80000003e07000000b5c4000000a80c",
        "d10e5b7fa23bf877")]
    [InlineData("TranslateX", -2.0,
        "82c4230000831ab0000000ceb90000db0d3e000041aa30000014c38f0000" +
        "54586a0000105ab2000039c9760000cfb4a70000e11b5400006fe06e0000",
        "747d2093870568ca")]
    [InlineData("TranslateY", 1.9,
        "0000000000284e82c4238e09831ab0703100ceb900000000008ad741aa30" +
        "c26414c38f765e54586a000000000034a839c9763e07cfb4a7b5c4e11b54",
        "385153b1b68f40b4")]
    [InlineData("TranslateY", -3.0,
        "bfc6db0d3e00000000000000000000000000000097c5105ab20000000000" +
        "00000000000000000000a80c6fe06e000000000000000000000000000000",
        "b9859a3465c60fa8")]
    [InlineData("Rotate", 27.0,
        "0082c4b0b0280983ceb98e0900ce3e7070c6db000041aa8f8f8a6414586a" +
        "c2645458b27676c510000039c9a7a73407cf1b543e07e11b6eb5b50c6f00",
        "16a3d409a4f2dcbc")]
    [InlineData("Rotate", -13.5,
        "8e4e82c4238e09831ab0703100ceb9bfc6db0db9c2d741aa30c26414c38f" +
        "765e54586a97c5105a6a3ea839c9763e07cfb4a7b5c4e11b54a80c6fe054",
        "497993211666d9ab")]
    [InlineData("Rotate", 90.0,
        "23b0b93e00c41ace0d00828300db004e0931c600308f6ab200aac3585a00" +
        "4114541000d7645ec50076a7546e00c9b41be00039cfe16f00a807c40c00",
        "e62a189300986d12")]
    [InlineData("Rotate", -135.0,
        "00dbc6708e0ddb0009283ece83824eb9b0c482000010c576c25a1054648a" +
        "b2581441d76a8faa4100006f0cb53ee06fe107346e1bcf39a854a7c93900",
        "c0cd1cb80a0fea5e")]
    [InlineData("Brightness", 0.8100000023841858,
        "488debff3fff10ed2fffca5800ffffffffff1770f9ff75ff56ffb524ffff" +
        "d5aa989fbfffff1ca2ff5eff67ffd5700cffffffffffff3098ff15c8ffc7",
        "64b56350bd33a2d8")]
    [InlineData("Brightness", -0.6299999952316284,
        "0e1c30480c34033009412912004c444649510416334f183e114725074834" +
        "2b221f20273748052141133e154a2b16024c423d424853091f3e04295228",
        "5aa3b7ee4f17a4bb")]
    [InlineData("Color", 0.8999999761581421,
        "0000abd1137b00b500c2660a00ffedd6d9ff0000adff2fa02cdd8600f183" +
        "715f5c3e578ad70061d709a720dbb10000ffd5b0e9ffff002daa0083ff56",
        "0b51cfbf5e9586ee")]
    [InlineData("Color", -0.44999998807907104,
        "42766dbd2a9720694ea7744421a59eb3bca02c5f78c249ae31b4522cab94" +
        "785d4f64739dbb30569f49a845c0586b1f93a3a29a959d4367a65564a079",
        "3f80f4aba349d710")]
    [InlineData("Contrast", 0.7200000286102295,
        "00318afc009f008c00d96b0000ffe9f3ffff001598ff1acf00f85700faa1" +
        "764c3b4261aefd0045dd04cc0dff761500ffe0cae2fcff003bcc0069ff68",
        "0bdce6e31075388a")]
    [InlineData("Contrast", -0.36000001430511475,
        "445c7da74085307e3b9b72492aaea0a4a9b6325282b4549749a66a37a786" +
        "766660626e8ba834649c4b964eab76522eae9d959ea7ba3b60963271b970",
        "bcaa90a130771a29")]
    [InlineData("Sharpness", 0.8999999761581421,
        "284e82c4238e009b00b0700600ffb9bfc6db0d3e8ad741aa30c25b00fc8f" +
        "76554b4f6a97c5105ab234a839c9763e00f8cca7b5edff0054a80c6fe06e",
        "7becef8f05e88615")]
    [InlineData("Sharpness", -0.5400000214576721,
        "284e82c4238e22743db0704a23abb9bfc6db0d3e8ad741aa30c26937a08f" +
        "7663595d6a97c5105ab234a839c9763e34b6a5a7b5abbe4854a80c6fe06e",
        "5cb81add6a6f720e")]
    [InlineData("Posterize", 4,
        "204080c02080008010b0703000c0b0b0c0d0003080d040a030c06010c080" +
        "705050506090c01050b030a030c0703000c0b0a0b0c0e01050a00060e060",
        "4336144ad0733d1a")]
    [InlineData("Posterize", 2,
        "004080c0008000800080400000c08080c0c0000080c0408000c04000c080" +
        "404040404080c0004080008000c0400000c0808080c0c00040800040c040",
        "c7529fdbd6a0cf69")]
    [InlineData("Solarize", 127.5,
        "284e7d3b2371097c1a4f70310031464039240d3e75284155303d64143c70" +
        "765e54586a683a105a4d34573936763e07304b584a3b1e1b54570c6f1f6e",
        "396ddca5ea1dcced")]
    [InlineData("Solarize", 0.0,
        "d7b17d3bdc71f67ce54f8fceff3146403924f2c17528be55cf3d9beb3c70" +
        "89a1aba795683aefa54dcb57c63689c1f8304b584a3b1ee4ab57f3901f91",
        "b4b1cc235bf605bd")]
    [InlineData("AutoContrast", 0.0,
        "2e5a97e428a50a981ecc823900efd7dee6ff0f489cff3ec529e46b05e5a2" +
        "8263575c73ace7005ecf34bc3ae2814000e9cabbcbddff175abc0579fd78",
        "08770da74c4a9eec")]
    [InlineData("Equalize", 0.0,
        "284e82c4238e09831ab0703100ceb9bfc6db0d3e8ad741aa30c26414c38f" +
        "765e54586a97c5105ab234a839c9763e07cfb4a7b5c4e11b54a80c6fe06e",
        "4f24b9d1a741f5be")]
    [InlineData("Invert", 0.0,
        "d7b17d3bdc71f67ce54f8fceff3146403924f2c17528be55cf3d9beb3c70" +
        "89a1aba795683aefa54dcb57c63689c1f8304b584a3b1ee4ab57f3901f91",
        "b4b1cc235bf605bd")]
    public void An_operation_is_that_of_pillow(string op, double magnitude, string small, string large)
    {
        ImageScratch scratch = new();
        RawImage one = Pattern.Small(), other = Pattern.Large();
        AugmentationSpace.Apply(Enum.Parse<AugmentationOp>(op), one, magnitude, 0, scratch);
        AugmentationSpace.Apply(Enum.Parse<AugmentationOp>(op), other, magnitude, 0, scratch);
        Assert.Equal(small, Pattern.Hex(one));
        Assert.Equal(large, Pattern.Digest(other));
    }

    [Fact]
    public void What_lies_outside_takes_the_fill()
    {
        RawImage image = Pattern.Large();
        AugmentationSpace.Apply(AugmentationOp.Rotate, image, 27, 128, new());
        Assert.Equal("962b8acd58f1ef92", Pattern.Digest(image));
    }

    // torchvision 0.14: RandAugment._augmentation_space(31, (200, 331)) at level 9, AutoAugment's at level 9 of 10
    [Theory]
    [InlineData("ShearX", 31, 9, 0.09f)]
    [InlineData("TranslateX", 31, 9, 45f)]
    [InlineData("TranslateY", 31, 10, 30.211481f)]
    [InlineData("Rotate", 31, 9, 9f)]
    [InlineData("Sharpness", 31, 9, 0.27f)]
    [InlineData("Posterize", 31, 9, 7f)]
    [InlineData("Solarize", 31, 9, 178.5f)]
    [InlineData("Posterize", 10, 9, 4f)]
    [InlineData("Rotate", 10, 9, 30f)]
    [InlineData("Solarize", 10, 5, 113.333336f)]
    [InlineData("Rotate", 11, 9, 27f)]
    [InlineData("Equalize", 31, 9, 0f)]
    public void Strengths_are_those_of_torchvision(string op, int bins, int level, float expected) => Assert.Equal(
        expected, AugmentationSpace.Standard.Magnitude(Enum.Parse<AugmentationOp>(op), level, bins, height: 200,
            width: 331), 1e-6f * Math.Abs(expected));

    [Theory]   // TrivialAugmentWide._augmentation_space(31)
    [InlineData("ShearY", 30, 0.99f)]
    [InlineData("TranslateX", 30, 32f)]
    [InlineData("Rotate", 20, 90f)]
    [InlineData("Color", 15, 0.495f)]
    [InlineData("Posterize", 30, 2f)]
    public void Strengths_of_the_wide_space_are_those_of_torchvision(string op, int level, float expected) =>
        Assert.Equal(
        expected, AugmentationSpace.Wide.Magnitude(Enum.Parse<AugmentationOp>(op), level, 31, height: 200, width: 331),
        1e-6f * expected);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void At_strength_0_nothing_changes(int channels)
    {
        for (AugmentationOp op = AugmentationOp.Identity; op <= AugmentationOp.Solarize; op++)
        {
            RawImage image = Pattern.Image(13, 9, channels);
            // 8 bits, and a threshold of 255
            float magnitude = AugmentationSpace.Standard.Magnitude(op, 0, 31, 13, 9);
            AugmentationSpace.Apply(op, image, magnitude, 0, new());
            Assert.Equal(Pattern.Hex(Pattern.Image(13, 9, channels)), Pattern.Hex(image));
        }
    }

    [Fact]
    public void Policies_have_25_pairs_each()
    {
        foreach (AutoAugmentPolicy policy in Enum.GetValues<AutoAugmentPolicy>())
        {
            Assert.Equal(25, LearnedPolicies.Of(policy).Length);
            Assert.All(LearnedPolicies.Of(policy), pair => Assert.Equal(2, pair.Length));
        }

        Assert.Equal(new(AugmentationOp.TranslateX, 0.3, 9), LearnedPolicies.Of(AutoAugmentPolicy.Cifar10)[1][1]);
    }

    [Fact]
    public void Operations_work_on_single_pixels_and_flat_images()
    {
        foreach (AugmentationOp op in Enum.GetValues<AugmentationOp>())
        {
            foreach ((int height, int width) in ((int, int)[])[(1, 1), (1, 7), (2, 2), (5, 1)])
            {
                RawImage image = new(3, height, width);
                image.Pixels.Fill(77);
                AugmentationSpace.Apply(op, image, 1.5, 77, new());
                Assert.Equal((3, height, width), (image.Channels, image.Height, image.Width));
            }
        }
    }
}
