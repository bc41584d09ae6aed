// The API as its .proto files describe it, comments and options included: what routes, transcoding and the OpenAPI document are made
// from. The descriptor set is part of the binary, so a new method in proto/ needs no code here.
//
// Immutable once made; safe to share between threads.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_API_DESCRIPTORS_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_API_DESCRIPTORS_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>

#include <memory>
#include <vector>

namespace fenfen::bridge {

class ApiDescriptors {
 public:
  // Reads the embedded set. CHECK-fails only if the build embedded nonsense.
  ApiDescriptors();

  // All services of package fenfen.v1, in the order of their files' names.
  const std::vector<const google::protobuf::ServiceDescriptor*>& services() const { return services_; }

  // Any message by its full name; nullptr if there is none.
  const google::protobuf::Descriptor* FindMessage(const std::string& full_name) const { return pool_.FindMessageTypeByName(full_name); }

  // A new, empty message of the type.
  std::unique_ptr<google::protobuf::Message> NewMessage(const google::protobuf::Descriptor* type) const;

 private:
  google::protobuf::DescriptorPool pool_;
  // The factory's own lock makes GetPrototype safe; it caches, hence mutable.
  mutable google::protobuf::DynamicMessageFactory factory_;
  std::vector<const google::protobuf::ServiceDescriptor*> services_;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_API_DESCRIPTORS_H_
