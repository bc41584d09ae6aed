#include "mini_program_bridge/api_descriptors.h"

#include <google/protobuf/descriptor.pb.h>

#include <cstdio>
#include <cstdlib>
#include <map>

// Written by embedded_descriptors.S.
extern "C" const char fenfen_descriptors_begin[];
extern "C" const char fenfen_descriptors_end[];

namespace fenfen::bridge {
namespace {

[[noreturn]] void Broken(const char* what) {
  std::fprintf(stderr, "fenfen-bridge: the embedded descriptors are broken: %s\n", what);
  std::abort();
}

}  // namespace

ApiDescriptors::ApiDescriptors() : factory_(&pool_) {
  google::protobuf::FileDescriptorSet set;
  if (!set.ParseFromArray(fenfen_descriptors_begin, static_cast<int>(fenfen_descriptors_end - fenfen_descriptors_begin))) {
    Broken("not a FileDescriptorSet");
  }
  std::map<std::string, const google::protobuf::FileDescriptor*> ours;
  for (const auto& file : set.file()) {  // protoc writes a file after those it imports.
    const google::protobuf::FileDescriptor* built = pool_.BuildFile(file);
    if (built == nullptr) Broken(file.name().c_str());
    if (built->package() == "fenfen.v1") ours[built->name()] = built;
  }
  for (const auto& [name, file] : ours) {
    for (int i = 0; i < file->service_count(); ++i) services_.push_back(file->service(i));
  }
  if (services_.empty()) Broken("no service of fenfen.v1");
}

std::unique_ptr<google::protobuf::Message> ApiDescriptors::NewMessage(const google::protobuf::Descriptor* type) const {
  return std::unique_ptr<google::protobuf::Message>(factory_.GetPrototype(type)->New());
}

}  // namespace fenfen::bridge
