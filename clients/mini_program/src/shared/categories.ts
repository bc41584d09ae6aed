// The four categories a resident chooses from, in the order of a visit's likelihood, each with colour, icon and name:
// never told apart by colour alone. Colours follow the national sign (GB/T 19095) and carry white text at 4.5:1 or more.
import type { MessageKey } from './i18n';
import type { Category } from './wire';

export interface CategoryLook {
  category: Category;
  /** The rule that the demo district's rule set has for it; entries name it. */
  rule: string;
  name: MessageKey;
  examples: MessageKey;
  icon: string;
  color: string;
  tint: string;
}

export const CATEGORIES: readonly CategoryLook[] = [
  {
    category: 'CATEGORY_FOOD', rule: 'food', name: 'category.food', examples: 'category.food.examples',
    icon: 'apple-filled', color: '#0a7a3d', tint: '#e6f4ec',
  },
  {
    category: 'CATEGORY_RECYCLABLE', rule: 'recyclable', name: 'category.recyclable', examples: 'category.recyclable.examples',
    icon: 'recycle', color: '#0b5cad', tint: '#e6f0fa',
  },
  {
    category: 'CATEGORY_HAZARDOUS', rule: 'hazardous', name: 'category.hazardous', examples: 'category.hazardous.examples',
    icon: 'battery-low-filled', color: '#bf2431', tint: '#fbe9ea',
  },
  {
    category: 'CATEGORY_RESIDUAL', rule: 'residual', name: 'category.residual', examples: 'category.residual.examples',
    icon: 'delete-filled', color: '#50565c', tint: '#edeef0',
  },
];

/** The look of a rule's category, if it is one of the four. */
export function lookOfRule(rule: string): CategoryLook | undefined {
  return CATEGORIES.find((look) => look.rule === rule);
}
