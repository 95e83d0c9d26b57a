// The words that parts say in any app, in Korean.
import type { PartWords } from './en';
import problems from './ko/problems';

const parts = {
  'part.copy': '복사',
  'part.copied': '복사했어요',
  'part.close': '닫기',
  'part.cancel': '취소',
  'part.dismiss': '지우기',
  'part.retry': '다시 시도',
  'part.search': '검색',
  'part.clear': '지우기',
  'part.loading': '불러오는 중',
  'part.working': '처리하는 중',
  'part.since': '{when}부터 {time}째',
  'part.code': '코드',
  'part.confirm_type': '계속하려면 {word:을/를} 입력하세요',
  'part.log_follow': '따라가기',
  'part.log_paused': '멈췄어요. 아래에 {n}줄이 더 있어요',
  'part.log_empty': '아직 남은 기록이 없어요.',
  'part.log_found': '{all}개 중 {n}번째',
  'part.log_label': '로그',
  'part.log_skipped': '너무 빨리 쏟아져서 {n}줄을 건너뛰었어요.',
  'part.log_none': '“{text}”이(가) 들어간 줄이 없어요.',
  'part.rows': '{n}개',
  'part.no_match': '“{text}”에 맞는 항목이 없어요.',
  'part.worth': '약 {worth}',
  'part.week_hint':
    '끌어서 시간을 표시하세요. 키보드로는 방향키로 옮기고 스페이스로 표시해요. Shift를 누른 채 방향키를 쓰면 이어서 표시해요.',
  'part.week_cell_on': '{day} {hour}, 빌려줌',
  'part.week_cell_off': '{day} {hour}, 빌려주지 않음',
  'part.week_label': '빌려주는 시간',
  'part.address_label': '주소 {address}',
  'part.more': '더 보기',
  'part.notices': '알림',
  'part.slider_value': '{max} 중 {value}',
  'part.opens_browser': '브라우저에서 열려요',
  'part.sort': '{column} 기준으로 정렬',
  'day.0': '월',
  'day.1': '화',
  'day.2': '수',
  'day.3': '목',
  'day.4': '금',
  'day.5': '토',
  'day.6': '일',
} as const satisfies Record<keyof PartWords, string>;

export default { ...problems, ...parts };
