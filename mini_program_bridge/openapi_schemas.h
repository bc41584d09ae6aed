// The `components` half of the OpenAPI document: messages and enums as JSON schemas, by the rules of transcode.h.
// Not thread-safe; one instance makes one document.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_OPENAPI_SCHEMAS_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_OPENAPI_SCHEMAS_H_

#include <google/protobuf/descriptor.h>

#include <boost/json/object.hpp>
#include <map>
#include <set>
#include <string>

namespace fenfen::bridge {

// The comment above a declaration, as one paragraph; empty if it has none.
template <typename Descriptor>
std::string CommentOf(const Descriptor* descriptor) {
  google::protobuf::SourceLocation location;
  if (!descriptor->GetSourceLocation(&location)) return "";
  std::string text;
  for (const char c : location.leading_comments) {
    const bool blank = c == ' ' || c == '\n';
    if (!blank) text.push_back(c);
    if (blank && !text.empty() && text.back() != ' ') text.push_back(' ');
  }
  if (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

class OpenApiSchemas {
 public:
  // A reference to the message's schema, which is added if it is new. Every field that a reply always holds is required.
  boost::json::object ReplyRef(const google::protobuf::Descriptor* message);

  // The schema of a request's body: its fields but for those in `bound`, nothing else allowed.
  boost::json::object RequestBody(const google::protobuf::Descriptor* message, const std::set<std::string>& bound);

  // The schema of one field, with its description.
  boost::json::object FieldSchema(const google::protobuf::FieldDescriptor* field, bool request);

  // The envelope of refusals, as "Error".
  void AddErrorSchema();

  // All that was added, by name.
  boost::json::object Take();

 private:
  boost::json::object ValueSchema(const google::protobuf::FieldDescriptor* field, bool request);
  boost::json::object Ref(const std::string& name);
  boost::json::object EnumRef(const google::protobuf::EnumDescriptor* type);

  std::map<std::string, boost::json::object> schemas_;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_OPENAPI_SCHEMAS_H_
