#include "scratch_folder.h"

#include "plugins/built_in.h"
#include "plugins/catalogue.h"
#include "plugins/loader.h"

#include <p2p/plugin.h>

#include <gtest/gtest.h>

namespace p2p::host::test {
namespace {

int objects = 0;

class Counted final : public Plugin {
 public:
  Counted() { ++objects; }
  ~Counted() override { --objects; }
  Result<Done> start(Context&) override { return Done{}; }
};

const char kInfo[] = P2P_NAME("good") P2P_VERSION("3.2.1") P2P_PROVIDES("test.Counted/1");

// As P2P_PLUGIN makes one.
p2p_entry entry() {
  return {P2P_ENTRY_MAGIC,
          sizeof(p2p_entry),
          P2P_ABI_MAJOR,
          P2P_ABI_MINOR,
          P2P_ABI_STAMP,
          [] { return reinterpret_cast<p2p_plugin_object*>(static_cast<Plugin*>(new Counted)); },
          [](p2p_plugin_object* made) { delete reinterpret_cast<Plugin*>(made); },
          kInfo,
          sizeof kInfo,
          0};
}

std::string refusal(const p2p_entry& made) {
  const auto plugin = built_in_plugin(made);
  return plugin.ok() ? "accepted" : plugin.error().text;
}

const std::string kRefused = "the plugin that is linked into this program is refused: ";

TEST(BuiltIn, MakesObjectsAndTakesThemBack) {
  const p2p_entry good = entry();
  const auto plugin = built_in_plugin(good);
  ASSERT_TRUE(plugin.ok()) << plugin.error().text;
  EXPECT_EQ(plugin.value().description.version, "3.2.1");
  {
    auto first = load_plugin(plugin.value());
    auto second = load_plugin(plugin.value());
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(objects, 2);
  }
  EXPECT_EQ(objects, 0);
}

TEST(BuiltIn, IsRefusedWhenItsEntryIsShorter) {
  p2p_entry old = entry();
  old.struct_size = offsetof(p2p_entry, info);
  EXPECT_EQ(refusal(old),
            kRefused + "it was compiled with an older <p2p/plugin.h>, whose entry is shorter; compile it again");
}

TEST(BuiltIn, IsRefusedForTheReasonsOfAFile) {
  p2p_entry other = entry();
  other.stamp = "abi=99.0;";
  EXPECT_TRUE(refusal(other).starts_with(kRefused + "abi: plugin 99.0, host ")) << refusal(other);
  p2p_entry nameless = entry();
  nameless.info_bytes = 0;
  EXPECT_TRUE(refusal(nameless).starts_with(kRefused + "its descriptor makes no sense: ")) << refusal(nameless);
}

TEST(BuiltIn, GoesBeforeAFileOfItsName) {
  const p2p_entry good = entry();
  Catalogue catalogue({P2P_FIXTURE_DIR}, trust_rule_of_this_process(true), std::string(host_stamp()),
                      {built_in_plugin(good).value()});
  EXPECT_EQ(catalogue.find("good").description->version, "3.2.1");
  EXPECT_TRUE(catalogue.file_of("good")->built_in.has_value());
  EXPECT_EQ(catalogue.provider_of("test.Counted/1"), "good");
  Catalogue without({P2P_FIXTURE_DIR}, trust_rule_of_this_process(true), std::string(host_stamp()));
  EXPECT_NE(without.find("good").description->version, "3.2.1");
}

}  // namespace
}  // namespace p2p::host::test
